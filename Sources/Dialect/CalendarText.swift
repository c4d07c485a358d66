/// A date with or without time, or a time alone, read from text as SQLite's date functions write it.
struct CalendarText: Hashable {
  var form: TimeForm
  var hasDate: Bool
  /// `2024-01-31`, or empty.
  var date = ""
  /// `12:30:00.5`, or empty.
  var time = ""

  /// Nil for text that is no valid date or time of a known form.
  init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    func number(_ count: Int, _ range: ClosedRange<Int>) -> Int? {
      guard rest.count >= count, rest.prefix(count).allSatisfy({ (48...57).contains($0) }) else { return nil }
      let value = rest.prefix(count).reduce(0) { $0 * 10 + Int($1) - 48 }
      rest = rest.dropFirst(count)
      return range.contains(value) ? value : nil
    }
    func take(_ character: Character) -> Bool {
      guard rest.first == character.asciiValue else { return false }
      rest = rest.dropFirst()
      return true
    }
    form = .day
    hasDate = rest.count >= 5 && rest[rest.startIndex + 4] == UInt8(ascii: "-")
    let bytes = rest
    if hasDate {
      guard let year = number(4, 1...9999), take("-"), let month = number(2, 1...12), take("-"),
        let day = number(2, 1...31), day <= Self.days(in: month, of: year)
      else { return nil }
      date = String(decoding: bytes.prefix(10), as: UTF8.self)
      if rest.isEmpty { return }
      form.usesT = take("T")
      guard form.usesT || take(" ") else { return nil }
    }
    let start = rest.startIndex
    guard number(2, 0...23) != nil, take(":"), number(2, 0...59) != nil else { return nil }
    form.precision = .minute
    if take(":") {
      guard number(2, 0...59) != nil else { return nil }
      form.precision = .second
      if take(".") {
        form.digits = rest.prefix { (48...57).contains($0) }.count
        guard (1...6).contains(form.digits) else { return nil }
        rest = rest.dropFirst(form.digits)
        form.precision = .fraction
      }
    }
    time = String(decoding: bytes[start..<rest.startIndex], as: UTF8.self)
    form.suffix = String(decoding: rest, as: UTF8.self)
    guard ["", "Z", "+00:00"].contains(form.suffix) else { return nil }
  }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
    default: 31
    }
  }

  /// As PostgreSQL reads it, without a zone.
  var plain: String { hasDate ? (time.isEmpty ? date : "\(date) \(time)") : time }
}

/// The instant so many milliseconds after 1970.
struct EpochText {
  /// `2024-01-31 12:30:00` in UTC; nil outside of the years 1 to 9999.
  static func text(milliseconds: Int64) -> String? {
    guard (-62_135_596_800_000...253_402_300_799_999).contains(milliseconds) else { return nil }
    let days = floored(milliseconds, 86_400_000)
    let inDay = milliseconds - days * 86_400_000
    // Days to a date of the Gregorian calendar, in eras of 400 years that begin in March.
    let shifted = days + 719_468
    let era = floored(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let seconds = inDay / 1_000
    let time = "\(padded(seconds / 3_600)):\(padded(seconds / 60 % 60)):\(padded(seconds % 60))"
    let fraction = inDay % 1_000
    return "\(padded(year, 4))-\(padded(month))-\(padded(day)) \(time)"
      + (fraction > 0 ? ".\(padded(fraction, 3))" : "")
  }

  private static func floored(_ value: Int64, _ divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
  }

  private static func padded(_ value: Int64, _ width: Int = 2) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(width - digits.count, 0)) + digits
  }
}
