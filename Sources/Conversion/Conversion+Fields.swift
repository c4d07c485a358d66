import Schema

/// What fields tell without being decoded: the way back compares them and chooses spellings by them.
extension Conversion {
  /// A value that the target has and SQLite has no equal of.
  package enum Oddity: Sendable, Hashable {
    case notANumber, infinite
    /// A time outside of the years 1 to 9999, which is what SQLite's dates cover.
    case years
  }

  /// Nil for ordinary values. Infinity as a double is one: SQLite has it too.
  package static func oddity(of field: UnsafeRawBufferPointer, as type: TargetType) -> Oddity? {
    switch type {
    case .real: return field.integer(UInt32.self).flatMap { Float(bitPattern: $0).isNaN ? .notANumber : nil }
    case .double: return field.integer(UInt64.self).flatMap { Double(bitPattern: $0).isNaN ? .notANumber : nil }
    case .numeric:
      guard field.count >= 8 else { return nil }
      switch UInt16(bigEndian: field.loadUnaligned(fromByteOffset: 4, as: UInt16.self)) {
      case 0xC000: return .notANumber
      case 0xD000, 0xF000: return .infinite
      default: return nil
      }
    case .date:
      guard let days = field.integer(Int32.self) else { return nil }
      if days == .max || days == .min { return .infinite }
      let (microseconds, overflow) = Int64(days).multipliedReportingOverflow(by: CalendarTime.day)
      return overflow || isOutside(years: microseconds) ? .years : nil
    case .timestamp, .timestamptz:
      guard let microseconds = field.integer(Int64.self) else { return nil }
      if microseconds == .max || microseconds == .min { return .infinite }
      return isOutside(years: microseconds) ? .years : nil
    default: return nil
    }
  }

  private static func isOutside(years microseconds: Int64) -> Bool {
    guard CalendarTime.range.contains(microseconds) else { return true }
    return !(1...9_999).contains(CalendarTime(microseconds: microseconds).year)
  }

  /// Whether two fields of one type are the same value. A numeric's may show another number of zeros, and a char(n) is
  /// padded by the server.
  package static func isSame(
    _ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer, as type: TargetType
  ) -> Bool {
    switch type {
    case .numeric:
      guard one.count == other.count, one.count >= 8 else { return false }
      return one[..<6].elementsEqual(other[..<6]) && one[8...].elementsEqual(other[8...])
    case .char:
      let space = UInt8(ascii: " ")
      let shared = min(one.count, other.count)
      return one[..<shared].elementsEqual(other[..<shared])
        && one[shared...].allSatisfy { $0 == space } && other[shared...].allSatisfy { $0 == space }
    default: return one.elementsEqual(other)
    }
  }

  /// Whether a number has no fraction, a time no part of a second. What is neither is whole.
  package static func isWhole(_ field: UnsafeRawBufferPointer, as type: TargetType) -> Bool {
    switch type {
    case .real: field.integer(UInt32.self).map { isWhole(Double(Float(bitPattern: $0))) } ?? true
    case .double: field.integer(UInt64.self).map { isWhole(Double(bitPattern: $0)) } ?? true
    case .numeric: NumericField(field)?.powers.map { $0.lowerBound >= 0 } ?? true
    case .time, .timestamp, .timestamptz: field.integer(Int64.self).map { $0 % 1_000_000 == 0 } ?? true
    default: true
    }
  }

  private static func isWhole(_ real: Double) -> Bool { real.rounded(.towardZero) == real }

  /// A number as text with as many digits after the point as the field shows, and with no more than it needs.
  package static func decimalSpellings(of field: UnsafeRawBufferPointer) -> (shown: Spelling, needed: Spelling)? {
    guard let number = NumericField(field) else { return nil }
    let shown = Int(UInt16(bigEndian: field.loadUnaligned(fromByteOffset: 6, as: UInt16.self)))
    let needed = max(-(number.powers?.lowerBound ?? 0), 0)
    guard needed <= NumericField.mostScale else { return nil }
    return (.text(form: UInt32(min(max(shown, needed), NumericField.mostScale))), .text(form: UInt32(needed)))
  }
}
