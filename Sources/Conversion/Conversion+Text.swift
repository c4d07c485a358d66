import Model
import Schema

/// TEXT and BLOB of SQLite.
extension Conversion {
  static func write(
    text bytes: UnsafeRawBufferPointer, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) throws(Misfit) -> Spelling {
    let type = codec.type
    if type.isText { return try write(plain: bytes, as: codec, to: &buffer) }
    if case .bytea = type, codec.nul == .bytea {
      guard bytes.count <= longest else { throw .tooLong(type) }
      append(bytes: bytes, to: &buffer)
      return .text
    }
    if bytes.isEmpty {
      if codec.empty == .null { return write(null: .text, to: &buffer) }
      if type != .bytea { throw .empty(type) }
    }
    switch type {
    case .numeric(let limits): return try NumericField.append(text: bytes, limits, to: &buffer)
    case .boolean:
      guard let word = BooleanText(bytes) else { throw .malformed(type) }
      append(field: word.value ? 1 : 0 as UInt8, to: &buffer)
      return word.spelling
    case .date, .time, .timestamp, .timestamptz: return try write(time: bytes, as: codec, to: &buffer)
    case .uuid: return try UUIDText.append(bytes, to: &buffer)
    case .json, .jsonb:
      guard bytes.count <= (type == .json ? longest : JSONTree.longest) else { throw .tooLong(type) }
      if let misfit = TextCheck.misfit(bytes) { throw misfit }
      guard type == .jsonb else {
        try JSONCheck.check(bytes)
        append(bytes: bytes, to: &buffer)
        return .text
      }
      _ = try JSONTree(bytes)
      buffer.append(bigEndian: Int32(bytes.count + 1))
      buffer.append(byte: 1)
      buffer.append(bytes)
      return .text
    default: throw .storageClass(.text, type)
    }
  }

  static func write(
    blob bytes: UnsafeRawBufferPointer, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) throws(Misfit) -> Spelling {
    let type = codec.type
    switch type {
    case .bytea:
      guard bytes.count <= longest else { throw .tooLong(type) }
      append(bytes: bytes, to: &buffer)
    case .uuid:
      guard bytes.count == 16 else { throw .malformed(type) }
      append(bytes: bytes, to: &buffer)
    case .anyText:
      guard bytes.count <= longest / 2 - 2 else { throw .tooLong(type) }
      appendHexadecimal(bytes, to: &buffer)
    default: throw .storageClass(.blob, type)
    }
    return .blob
  }

  private static func write(
    plain bytes: UnsafeRawBufferPointer, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) throws(Misfit) -> Spelling {
    let type = codec.type
    guard bytes.count <= longest else { throw .tooLong(type) }
    let start = buffer.count
    append(bytes: bytes, to: &buffer)
    var misfit = TextCheck.misfit(bytes)
    if misfit != nil, codec.nul == .strip {
      buffer.truncate(to: start + 4)
      for byte in bytes where byte != 0 { buffer.append(byte: byte) }
      buffer.overwrite(at: start, bigEndian: Int32(buffer.count - start - 4))
      misfit = TextCheck.misfit(UnsafeRawBufferPointer(rebasing: buffer.bytes.dropFirst(start + 4)))
    }
    if let misfit { throw misfit }
    let written = UnsafeRawBufferPointer(rebasing: buffer.bytes.dropFirst(start + 4))
    switch type {
    case .varchar(let length), .char(let length):
      // Bytes that do not continue a character.
      let characters = written.count > length ? written.count { $0 & 0xC0 != 0x80 } : 0
      guard characters <= length else { throw .tooLong(type) }
      if case .char = type, written.last == UInt8(ascii: " ") { throw .inexact(type) }
    default: break
    }
    return .text
  }

  private static func write(
    time bytes: UnsafeRawBufferPointer, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) throws(Misfit) -> Spelling {
    let type = codec.type
    var form = TimeSpelling()
    let local: CalendarTime
    if codec.hasPattern, let pattern = codec.pattern {
      guard let read = pattern.read(bytes, &form) else { throw .malformed(type) }
      local = read
    } else {
      local = try TimeText.read(bytes, type, &form)
    }
    switch type {
    case .date:
      guard local.timeOfDay == 0 else { throw .inexact(type) }
      append(field: Int32(local.days), to: &buffer)
    case .time: append(field: local.timeOfDay, to: &buffer)
    case .timestamp: append(field: local.microseconds, to: &buffer)
    default:
      if form.zone != .none {
        append(field: local.microseconds - form.offsetMicroseconds, to: &buffer)
      } else {
        guard let zone = codec.zone, let instant = zone.instant(of: local.microseconds) else {
          throw .malformed(type)
        }
        append(field: instant, to: &buffer)
      }
    }
    return form.spelling
  }
}
