/// Reading and writing by the pattern.
extension TimePattern {
  /// The time that the text tells, if writing it by the pattern gives the same text.
  func read(_ bytes: UnsafeRawBufferPointer, _ form: inout TimeForm) -> CalendarTime? {
    guard let time = parse(bytes, &form), compose(time, form).elementsEqual(bytes) else { return nil }
    return time
  }

  /// Nil where the pattern has no place for the whole of the value.
  func write(_ time: CalendarTime, _ form: TimeForm) -> [UInt8]? {
    let text = compose(time, form)
    var again = TimeForm()
    return text.withUnsafeBytes { parse($0, &again) } == time && again == form ? text : nil
  }

  /// What a text has told so far.
  private struct Parts {
    var time = CalendarTime()
    var hasMonth = false
    var dayOfYear: Int?
    var hourOfHalf: Int?
    var isAfternoon = false

    mutating func set(_ field: Field, _ value: Int) {
      switch field {
      case .year: time.year = value
      // As POSIX has it.
      case .shortYear: time.year = value < 69 ? 2000 + value : 1900 + value
      case .month: (time.month, hasMonth) = (value, true)
      case .day: time.day = value
      case .dayOfYear: dayOfYear = value
      case .hour: time.hour = value
      case .hourOfHalf: hourOfHalf = value
      case .minute: time.minute = value
      case .second: time.second = value
      }
    }

    /// Nil where there is no such time.
    var whole: CalendarTime? {
      var time = time
      if let dayOfYear, !hasMonth {
        (time.month, time.day) = (1, dayOfYear)
        while time.month < 12, time.day > CalendarTime.days(time.year, time.month) {
          time.day -= CalendarTime.days(time.year, time.month)
          time.month += 1
        }
      }
      if let hourOfHalf {
        guard (1...12).contains(hourOfHalf) else { return nil }
        time.hour = hourOfHalf % 12 + (isAfternoon ? 12 : 0)
      }
      return time.isReal ? time : nil
    }
  }

  private func parse(_ bytes: UnsafeRawBufferPointer, _ form: inout TimeForm) -> CalendarTime? {
    var scanner = TimeScanner(bytes)
    var parts = Parts()
    for element in elements {
      switch element {
      case .literal(let byte):
        guard scanner.take(byte) else { return nil }
      case .number(let field, let digits, let pad):
        guard let value = Self.number(&scanner, digits, pad) else { return nil }
        parts.set(field, value)
      case .monthName(let isFull):
        guard let month = Self.months.firstIndex(where: { scanner.take(text: isFull ? $0[...] : $0.prefix(3)) }) else {
          return nil
        }
        parts.set(.month, month + 1)
      case .half:
        parts.isAfternoon = scanner.take(text: "PM")
        guard parts.isAfternoon || scanner.take(text: "AM") else { return nil }
      case .fraction:
        guard let fraction = scanner.fraction(), fraction.isExact else { return nil }
        parts.time.microsecond = fraction.microseconds
        form.precision = UInt32(fraction.digits + 1)
      case .zone:
        guard scanner.zone(&form) else { return nil }
      }
    }
    return scanner.isAtEnd ? parts.whole : nil
  }

  private static func number(_ scanner: inout TimeScanner, _ digits: Int, _ pad: Pad) -> Int? {
    switch pad {
    case .zero: return scanner.number(digits)
    case .space: return scanner.take(UInt8(ascii: " ")) ? scanner.number(digits - 1) : scanner.number(digits)
    case .none:
      for count in (1...digits).reversed() {
        if let value = scanner.number(count) { return value }
      }
      return nil
    }
  }

  private func compose(_ time: CalendarTime, _ form: TimeForm) -> [UInt8] {
    var text: [UInt8] = []
    for element in elements {
      switch element {
      case .literal(let byte): text.append(byte)
      case .number(let field, let digits, .none):
        let value = Self.value(field, of: time)
        text.append(value, digits: min(digits, value < 10 ? 1 : value < 100 ? 2 : 3))
      case .number(let field, let digits, let pad):
        text.append(Self.value(field, of: time), digits: digits, pad: UInt8(ascii: pad == .space ? " " : "0"))
      case .monthName(let isFull):
        let name = Self.months[time.month - 1]
        text.append(contentsOf: (isFull ? name[...] : name.prefix(3)).utf8)
      case .half: text.append(contentsOf: (time.hour < 12 ? "AM" : "PM").utf8)
      // What does not fit is found by reading it again.
      case .fraction: _ = text.append(fraction: time.microsecond, digits: form.fractionDigits)
      case .zone: _ = text.append(zone: form)
      }
    }
    return text
  }

  private static func value(_ field: Field, of time: CalendarTime) -> Int {
    switch field {
    case .year: time.year
    case .shortYear: time.year % 100
    case .month: time.month
    case .day: time.day
    case .dayOfYear: CalendarTime.days(time.year, time.month, time.day) - CalendarTime.days(time.year, 1, 1) + 1
    case .hour: time.hour
    case .hourOfHalf: (time.hour + 11) % 12 + 1
    case .minute: time.minute
    case .second: time.second
    }
  }
}
