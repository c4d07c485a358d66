import Schema

/// Dates and times as ISO 8601 and SQLite write them.
enum TimeText {
  static func read(
    _ bytes: UnsafeRawBufferPointer, _ type: TargetType, _ form: inout TimeForm
  ) throws(Misfit) -> CalendarTime {
    var scanner = TimeScanner(bytes)
    var time = CalendarTime()
    var isExact = true
    guard read(&scanner, type, &form, &time, &isExact), scanner.isAtEnd, time.isReal else { throw .malformed(type) }
    guard isExact else { throw .inexact(type) }
    return time
  }

  private static func read(
    _ scanner: inout TimeScanner, _ type: TargetType, _ form: inout TimeForm, _ time: inout CalendarTime,
    _ isExact: inout Bool
  ) -> Bool {
    let dash = UInt8(ascii: "-")
    let colon = UInt8(ascii: ":")
    if type != .time {
      guard let year = scanner.number(4), scanner.take(dash), let month = scanner.number(2), scanner.take(dash),
        let day = scanner.number(2)
      else { return false }
      (time.year, time.month, time.day) = (year, month, day)
      if type == .date || scanner.isAtEnd { return true }
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
    guard type == .timestamptz, !scanner.isAtEnd else { return true }
    form.hasSpaceBeforeZone = scanner.take(UInt8(ascii: " "))
    return scanner.zone(&form)
  }

  /// Nil where the form has no place for the whole of the value.
  static func write(_ time: CalendarTime, _ type: TargetType, _ form: TimeForm) -> [UInt8]? {
    var text: [UInt8] = []
    text.reserveCapacity(36)
    if type != .time {
      text.append(time.year, digits: 4)
      text.append(UInt8(ascii: "-"))
      text.append(time.month, digits: 2)
      text.append(UInt8(ascii: "-"))
      text.append(time.day, digits: 2)
      switch form.separator {
      case .dateOnly:
        return form.precision == 0 && form.zone == .none && time.timeOfDay == 0 ? text : nil
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
      return nil
    }
    if form.precision > 1 { text.append(UInt8(ascii: ".")) }
    guard text.append(fraction: time.microsecond, digits: form.fractionDigits) else { return nil }
    if form.hasSpaceBeforeZone { text.append(UInt8(ascii: " ")) }
    return text.append(zone: form) ? text : nil
  }
}
