import Model
import Schema

/// From a SQLite value to the bytes that PostgreSQL's binary formats want: a length of four bytes, −1 for NULL, and the
/// value as the type's receive function reads it. COPY rows and array elements are both made of these.
package enum Conversion {
  /// Doubles hold every integer up to here exactly.
  @usableFromInline static let exactIntegers: ClosedRange<Int64> = -(1 << 53)...(1 << 53)
  /// A value and its header of four bytes have to fit into what the server allocates at most, 1 GB − 1.
  @usableFromInline static let longest = 0x3FFF_FFFF - 4

  /// Appends the field, or says why it does not fit and appends nothing.
  @inlinable @inline(__always)
  package static func append(
    _ value: ValueView, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) -> Misfit? {
    let type = codec.type
    switch value {
    case .null:
      buffer.append(bigEndian: Int32(-1))
      return nil
    case .integer(let integer):
      switch type {
      case .bigint: append(eightBytes: UInt64(bitPattern: integer), to: &buffer)
      case .double:
        guard exactIntegers.contains(integer) else { return .inexact(type) }
        append(eightBytes: Double(integer).bitPattern, to: &buffer)
      case .anyText, .keyText: append(text: String(integer), to: &buffer)
      default: return .storageClass(.integer, type)
      }
      return nil
    case .real(let real):
      switch type {
      case .double: append(eightBytes: real.bitPattern, to: &buffer)
      case .anyText: append(text: "\(real)", to: &buffer)
      case .keyText:
        guard real.isFinite else { return .storageClass(.real, type) }
        append(text: "\(real)", to: &buffer)
      default: return .storageClass(.real, type)
      }
      return nil
    case .text(let bytes):
      guard type.isText else { return .storageClass(.text, type) }
      guard bytes.count <= longest else { return .tooLong(type) }
      if let misfit = TextCheck.misfit(bytes) { return misfit }
      append(bytes: bytes, to: &buffer)
      return nil
    case .blob(let bytes):
      switch type {
      case .bytea:
        guard bytes.count <= longest else { return .tooLong(type) }
        append(bytes: bytes, to: &buffer)
      case .anyText:
        guard bytes.count <= longest / 2 - 2 else { return .tooLong(type) }
        appendHexadecimal(bytes, to: &buffer)
      default: return .storageClass(.blob, type)
      }
      return nil
    }
  }

  @inlinable @inline(__always) static func append(eightBytes: UInt64, to buffer: inout WireBuffer) {
    buffer.append(bigEndian: Int32(8))
    buffer.append(bigEndian: eightBytes)
  }

  @inlinable @inline(__always) static func append(bytes: UnsafeRawBufferPointer, to buffer: inout WireBuffer) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: bytes.count))
    buffer.append(bytes)
  }

  @usableFromInline static func append(text: String, to buffer: inout WireBuffer) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: text.utf8.count))
    buffer.append(utf8: text)
  }

  /// `\x` and two digits a byte, as PostgreSQL writes bytea.
  @usableFromInline static func appendHexadecimal(_ bytes: UnsafeRawBufferPointer, to buffer: inout WireBuffer) {
    func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }
    buffer.append(bigEndian: Int32(truncatingIfNeeded: bytes.count * 2 + 2))
    buffer.append(byte: UInt8(ascii: "\\"))
    buffer.append(byte: UInt8(ascii: "x"))
    for byte in bytes {
      buffer.append(byte: digit(byte >> 4))
      buffer.append(byte: digit(byte & 15))
    }
  }
}
