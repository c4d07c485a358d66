import Schema

/// Dates and times as ISO 8601 and SQLite write them.
enum TimeText {
  static func read(
    _ bytes: UnsafeRawBufferPointer, _ type: TargetType, _ form: inout TimeSpelling
  ) throws(Misfit) -> CalendarTime {
    var scanner = TimeScanner(bytes)
    var time = CalendarTime()
    var isExact = true
    guard read(&scanner, type, &form, &time, &isExact), scanner.isAtEnd, time.isReal else { throw .malformed(type) }
    guard isExact else { throw .inexact(type) }
    return time
  }

  private static func read(
    _ scanner: inout TimeScanner, _ type: TargetType, _ form: inout TimeSpelling, _ time: inout CalendarTime,
    _ isExact: inout Bool
  ) -> Bool {
    let dash = UInt8(ascii: "-")
    let colon = UInt8(ascii: ":")
    var hasDate = true
    if case .time = type { hasDate = false }
    if hasDate {
      guard let year = scanner.number(4), scanner.take(dash), let month = scanner.number(2), scanner.take(dash),
        let day = scanner.number(2)
      else { return false }
      (time.year, time.month, time.day) = (year, month, day)
      if scanner.isAtEnd { return true }
      if case .date = type { return true }
      switch scanner.next {
      case UInt8(ascii: " "): form.separator = .space
      case UInt8(ascii: "T"): form.separator = .upper
      case UInt8(ascii: "t"): form.separator = .lower
      default: return false
      }
      scanner.at += 1
    }
    guard let hour = scanner.number(2), scanner.take(colon), let minute = scanner.number(2) else { return false }
    (time.hour, time.minute) = (hour, minute)
    if scanner.take(colon) {
      guard let second = scanner.number(2) else { return false }
      time.second = second
      form.precision = 1
      if scanner.take(UInt8(ascii: ".")) {
        guard let fraction = scanner.fraction() else { return false }
        time.microsecond = fraction.microseconds
        form.precision = UInt32(fraction.digits + 1)
        isExact = fraction.isExact
      }
    }
    guard case .timestamptz = type, !scanner.isAtEnd else { return true }
    form.hasSpaceBeforeZone = scanner.take(UInt8(ascii: " "))
    return scanner.zone(&form)
  }

  /// Nil where the form has no place for the whole of the value.
  static func write(_ time: CalendarTime, _ type: TargetType, _ form: TimeSpelling) -> [UInt8]? {
    // One piece of memory, and no look at each byte whether the array is shared.
    let text = [UInt8](unsafeUninitializedCapacity: longest) { memory, count in
      var text = TextWriter(memory)
      count = write(time, type, form, to: &text) ? text.count : 0
    }
    return text.isEmpty ? nil : text
  }

  /// A date, a time with nine digits after the point, and a zone, each with what separates it.
  private static let longest = 48

  /// False where the form has no place for the whole of the value.
  private static func write(
    _ time: CalendarTime, _ type: TargetType, _ form: TimeSpelling, to text: inout TextWriter
  ) -> Bool {
    var hasDate = true
    if case .time = type { hasDate = false }
    if hasDate {
      text.append(time.year, digits: 4)
      text.append(UInt8(ascii: "-"))
      text.append(time.month, digits: 2)
      text.append(UInt8(ascii: "-"))
      text.append(time.day, digits: 2)
      switch form.separator {
      case .dateOnly:
        return form.precision == 0 && form.zone == .none && time.timeOfDay == 0
      case .space: text.append(UInt8(ascii: " "))
      case .upper: text.append(UInt8(ascii: "T"))
      case .lower: text.append(UInt8(ascii: "t"))
      }
    }
    text.append(time.hour, digits: 2)
    text.append(UInt8(ascii: ":"))
    text.append(time.minute, digits: 2)
    if form.precision > 0 {
      text.append(UInt8(ascii: ":"))
      text.append(time.second, digits: 2)
    } else if time.second > 0 {
      return false
    }
    if form.precision > 1 { text.append(UInt8(ascii: ".")) }
    guard text.append(fraction: time.microsecond, digits: form.fractionDigits) else { return false }
    if form.hasSpaceBeforeZone { text.append(UInt8(ascii: " ")) }
    return text.append(zone: form)
  }
}
