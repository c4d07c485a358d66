import Model
import Schema

/// The way back: from a type's binary send form to the image.
extension Conversion {
  /// The value as the source would write it with that spelling; nil where the spelling cannot write it, or where the bytes
  /// are no field of the type. A NULL has no field, and a jsonb comes back as PostgreSQL writes it.
  package static func decode(
    _ field: UnsafeRawBufferPointer, as codec: borrowing ColumnCodec, spelling: Spelling
  ) -> Value? {
    let type = codec.type
    guard let storageClass = spelling.storageClass, storageClass != .null else { return nil }
    switch type {
    case .smallint: return field.integer(Int16.self).flatMap { spelling == .integer ? .integer(Int64($0)) : nil }
    case .integer: return field.integer(Int32.self).flatMap { spelling == .integer ? .integer(Int64($0)) : nil }
    case .bigint: return field.integer(Int64.self).flatMap { spelling == .integer ? .integer($0) : nil }
    case .real:
      return field.integer(UInt32.self).flatMap {
        number(Double(Float(bitPattern: $0)), spelling, wholeTo: 1 << 24)
      }
    case .double:
      return field.integer(UInt64.self).flatMap { number(Double(bitPattern: $0), spelling, wholeTo: 1 << 53) }
    case .numeric(let limits): return NumericField(field)?.value(spelling, limits)
    case .boolean:
      guard let byte = field.integer(UInt8.self), byte <= 1 else { return nil }
      if spelling == .integer { return .integer(Int64(byte)) }
      return storageClass == .text ? BooleanText(byte == 1, spelling).map { .text($0.bytes) } : nil
    case .date, .time, .timestamp, .timestamptz: return time(field, as: codec, spelling, storageClass)
    case .uuid:
      guard field.count == 16 else { return nil }
      if spelling == .blob { return .blob(Array(field)) }
      return storageClass == .text ? .text(UUIDText.text(field, spelling)) : nil
    case .json: return spelling == .text ? .text(Array(field)) : nil
    case .jsonb: return spelling == .text && field.first == 1 ? .text(Array(field.dropFirst())) : nil
    case .bytea:
      if spelling == .blob { return .blob(Array(field)) }
      return spelling == .text && codec.nul == .bytea ? .text(Array(field)) : nil
    case .char:
      // The server pads to the length.
      let padding = field.reversed().prefix { $0 == UInt8(ascii: " ") }.count
      return spelling == .text ? .text(Array(field.dropLast(padding))) : nil
    case .text, .varchar, .citext, .enumeration: return spelling == .text ? .text(Array(field)) : nil
    case .anyText: return anyText(field, spelling)
    case .keyText:
      let value = anyText(field, spelling)
      if case .real(let bits)? = value, !Double(bitPattern: bits).isFinite { return nil }
      return storageClass == .blob ? nil : value
    }
  }

  private static func number(_ real: Double, _ spelling: Spelling, wholeTo limit: Int64) -> Value? {
    if spelling == .real { return .real(real) }
    guard spelling == .integer, let integer = Int64(exactly: real), abs(integer) <= limit,
      integer != 0 || real.sign == .plus
    else { return nil }
    return .integer(integer)
  }

  private static func anyText(_ field: UnsafeRawBufferPointer, _ spelling: Spelling) -> Value? {
    if spelling == .text { return .text(Array(field)) }
    let text = String(decoding: field, as: UTF8.self)
    switch spelling {
    case .integer: return Int64(text).flatMap { String($0) == text ? .integer($0) : nil }
    case .real: return Double(text).flatMap { "\($0)" == text ? .real($0) : nil }
    case .blob:
      guard field.count % 2 == 0, field.starts(with: "\\x".utf8) else { return nil }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(field.count / 2 - 1)
      for at in stride(from: 2, to: field.count, by: 2) {
        guard let high = Hexadecimal.value(field[at]), let low = Hexadecimal.value(field[at + 1]) else { return nil }
        bytes.append(high << 4 | low)
      }
      return .blob(bytes)
    default: return nil
    }
  }

  private static func time(
    _ field: UnsafeRawBufferPointer, as codec: borrowing ColumnCodec, _ spelling: Spelling, _ storageClass: StorageClass
  ) -> Value? {
    let microseconds: Int64
    if case .date = codec.type {
      guard let days = field.integer(Int32.self) else { return nil }
      let (product, overflow) = Int64(days).multipliedReportingOverflow(by: CalendarTime.day)
      guard !overflow else { return nil }
      microseconds = product
    } else {
      guard let found = field.integer(Int64.self) else { return nil }
      microseconds = found
    }
    guard CalendarTime.range.contains(microseconds) else { return nil }
    if storageClass == .text { return text(of: microseconds, as: codec, TimeSpelling(spelling)).map { .text($0) } }
    guard codec.type != .time, let unit = codec.numbers else { return nil }
    switch spelling {
    case .integer: return TimeNumber.integer(microseconds, unit).map { .integer($0) }
    case .real:
      // Two points in time may be the same double: then one of them has no image.
      guard let real = TimeNumber.real(microseconds, unit),
        (try? TimeNumber.microseconds(real, unit, codec.type)) == microseconds
      else { return nil }
      return .real(real)
    default: return nil
    }
  }

  private static func text(
    of microseconds: Int64, as codec: borrowing ColumnCodec, _ form: TimeSpelling?
  ) -> [UInt8]? {
    var hasZone = false
    if case .timestamptz = codec.type { hasZone = true }
    guard let form, form.zone == .none || hasZone else { return nil }
    var local = microseconds
    if case .time = codec.type {
      guard (0..<CalendarTime.day).contains(microseconds) else { return nil }
    } else if hasZone {
      if form.zone != .none {
        local += form.offsetMicroseconds
      } else {
        guard let zone = codec.zone else { return nil }
        local += zone.offset(at: microseconds) * 1_000_000
        // The hour that a clock put back shows twice is read as the later one only.
        guard zone.instant(of: local) == microseconds else { return nil }
      }
    }
    let calendar = CalendarTime(microseconds: local)
    guard (1...9_999).contains(calendar.year) else { return nil }
    return codec.pattern.map { $0.write(calendar, form) } ?? TimeText.write(calendar, codec.type, form)
  }
}

extension UnsafeRawBufferPointer {
  /// The whole of the bytes as an integer, most significant byte first; nil where they are not as many.
  func integer<I: FixedWidthInteger>(_ type: I.Type) -> I? {
    count == MemoryLayout<I>.size ? I(bigEndian: loadUnaligned(as: type)) : nil
  }
}
