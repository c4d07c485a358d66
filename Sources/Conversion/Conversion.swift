import Model
import Schema

/// From a SQLite value to the bytes that PostgreSQL's binary formats want, and back: a length of four bytes, −1 for NULL,
/// and the value as the type's receive function reads it. COPY rows and array elements are both made of these.
///
/// Value and spelling together are the image: for whatever `append` takes, `decode` of the field with the `spelling` gives
/// the image again, byte by byte. Exceptions are asked for: text whose NUL characters are stripped, '' read as NULL, and
/// jsonb, of which PostgreSQL keeps the meaning and not the text.
@usableFromInline package enum Conversion {
  /// Doubles hold every integer up to here exactly.
  @usableFromInline static let exactIntegers: ClosedRange<Int64> = -(1 << 53)...(1 << 53)
  /// A value and its header of four bytes have to fit into what the server allocates at most, 1 GB − 1.
  @usableFromInline static let longest = 0x3FFF_FFFF - 4

  /// Appends the field, or says why it does not fit and appends nothing.
  @inlinable @inline(__always)
  package static func append(
    _ value: ValueView, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) -> Misfit? {
    var misfit: Misfit?
    // The types of most columns are written here, in the caller's loop.
    return appendSame(value, as: codec, to: &buffer, &misfit) ? misfit : appendAny(value, as: codec, to: &buffer)
  }

  /// Appends a value whose field is the value itself, byte for byte; false, and nothing done, for any other.
  @inlinable @inline(__always)
  static func appendSame(
    _ value: ValueView, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer, _ misfit: inout Misfit?
  ) -> Bool {
    if case .null = value {
      buffer.append(bigEndian: Int32(-1))
      return true
    }
    guard codec.isPlain else { return false }
    switch (value, codec.type) {
    case (.integer(let integer), .bigint): append(eightBytes: UInt64(bitPattern: integer), to: &buffer)
    case (.real(let real), .double): append(eightBytes: real.bitPattern, to: &buffer)
    case (.text(let bytes), .text):
      misfit = bytes.count <= longest ? TextCheck.misfit(bytes) : .tooLong(.text)
      if misfit == nil { append(bytes: bytes, to: &buffer) }
    case (.blob(let bytes), .bytea):
      if bytes.count > longest { misfit = .tooLong(.bytea) } else { append(bytes: bytes, to: &buffer) }
    default: return false
    }
    return true
  }

  /// How the value is written, if it fits; nil where it does not. A loop that wants the field too, or many spellings, calls
  /// `write` with a buffer of its own.
  package static func spelling(of value: ValueView, as codec: borrowing ColumnCodec) -> Spelling? {
    var field = WireBuffer(capacity: 64)
    return try? write(value, as: codec, to: &field)
  }

  @usableFromInline static func appendAny(
    _ value: ValueView, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) -> Misfit? {
    do throws(Misfit) {
      _ = try write(value, as: codec, to: &buffer)
      return nil
    } catch {
      return error
    }
  }

  /// Appends the field and tells the value's spelling; appends nothing where it throws.
  package static func write(
    _ value: ValueView, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) throws(Misfit) -> Spelling {
    let start = buffer.count
    do throws(Misfit) {
      let spelling =
        switch value {
        case .null: write(null: .null, to: &buffer)
        case .integer(let integer): try write(integer, as: codec, to: &buffer)
        case .real(let real): try write(real, as: codec, to: &buffer)
        case .text(let bytes): try write(text: bytes, as: codec, to: &buffer)
        case .blob(let bytes): try write(blob: bytes, as: codec, to: &buffer)
        }
      guard let only = codec.only, spelling != only || codec.nul == .strip, !spelling.isNull else { return spelling }
      // A value may have several: a UUID without letters is upper and lower case. And of stripped text nothing tells.
      let field = UnsafeRawBufferPointer(rebasing: buffer.bytes.dropFirst(start + 4))
      guard decode(field, as: codec, spelling: only) == value.owned else { throw .spelling(codec.type) }
      return only
    } catch {
      buffer.truncate(to: start)
      throw error
    }
  }

  static func write(null spelling: Spelling, to buffer: inout WireBuffer) -> Spelling {
    buffer.append(bigEndian: Int32(-1))
    return spelling
  }

  /// A field of one integer, its length before it.
  @inline(__always) static func append<I: FixedWidthInteger>(field: I, to buffer: inout WireBuffer) {
    buffer.append(bigEndian: Int32(MemoryLayout<I>.size))
    buffer.append(bigEndian: field)
  }

  @inlinable @inline(__always) static func append(eightBytes: UInt64, to buffer: inout WireBuffer) {
    buffer.append(bigEndian: Int32(8))
    buffer.append(bigEndian: eightBytes)
  }

  @inlinable @inline(__always) static func append(bytes: UnsafeRawBufferPointer, to buffer: inout WireBuffer) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: bytes.count))
    buffer.append(bytes)
  }

  static func append(text: String, to buffer: inout WireBuffer) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: text.utf8.count))
    buffer.append(utf8: text)
  }

  /// `\x` and two digits a byte, as PostgreSQL writes bytea.
  static func appendHexadecimal(_ bytes: UnsafeRawBufferPointer, to buffer: inout WireBuffer) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: bytes.count * 2 + 2))
    buffer.append(byte: UInt8(ascii: "\\"))
    buffer.append(byte: UInt8(ascii: "x"))
    for byte in bytes {
      buffer.append(byte: Hexadecimal.digit(byte >> 4))
      buffer.append(byte: Hexadecimal.digit(byte & 15))
    }
  }
}
