/// The rule of a zone for the time after its last transition, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneRule: Sendable {
  /// A day of the year and a time of that day.
  private struct Change {
    enum Day {
      /// 1 to 365, 29 February never counted.
      case julian(Int)
      /// 0 to 365, 29 February counted.
      case ofYear(Int)
      case weekday(month: Int, week: Int, day: Int)
    }

    let day: Day
    let seconds: Int

    /// Seconds from 1970-01-01 to the change, both local.
    func time(in year: Int) -> Int64 {
      let newYear = CalendarTime.days(year, 1, 1)
      let days: Int
      switch day {
      case .julian(let number): days = newYear + number - (CalendarTime.isLeap(year) && number >= 60 ? 0 : 1)
      case .ofYear(let number): days = newYear + number
      case .weekday(let month, let week, let day):
        let first = CalendarTime.days(year, month, 1)
        // 2000-01-01 was a Saturday.
        let weekday = ((first + 6) % 7 + 7) % 7
        var ofMonth = (day - weekday + 7) % 7 + (week - 1) * 7
        if ofMonth >= CalendarTime.days(year, month) { ofMonth -= 7 }
        days = first + ofMonth
      }
      return Int64(days) * 86_400 + CalendarTime.epoch + Int64(seconds)
    }
  }

  private let standard: Int64
  private var summer: (offset: Int64, start: Change, end: Change)?

  /// Nil for what is no rule.
  init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    guard Self.name(&rest), let west = Self.time(&rest) else { return nil }
    standard = Int64(-west)
    if rest.isEmpty { return }
    guard Self.name(&rest) else { return nil }
    var offset = standard + 3_600
    if rest.first != UInt8(ascii: ",") {
      guard let west = Self.time(&rest) else { return nil }
      offset = Int64(-west)
    }
    guard let start = Self.change(&rest), let end = Self.change(&rest), rest.isEmpty else { return nil }
    summer = (offset, start, end)
  }

  /// Seconds ahead of UTC at a point in time, in seconds since 1970.
  func offset(at time: Int64) -> Int64 {
    guard let summer else { return standard }
    let year = CalendarTime(microseconds: (time + standard - CalendarTime.epoch) * 1_000_000).year
    let start = summer.start.time(in: year) - standard
    let end = summer.end.time(in: year) - summer.offset
    let isSummer = start < end ? start <= time && time < end : !(end <= time && time < start)
    return isSummer ? summer.offset : standard
  }

  /// Letters, or anything in angle brackets.
  private static func name(_ rest: inout ArraySlice<UInt8>) -> Bool {
    let name: ArraySlice<UInt8>
    if rest.first == UInt8(ascii: "<") {
      name = rest.prefix { $0 != UInt8(ascii: ">") }
      guard name.count < rest.count else { return false }
      rest = rest.dropFirst(name.count + 1)
    } else {
      name = rest.prefix { $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") }
      rest = rest.dropFirst(name.count)
    }
    return name.count >= 3
  }

  private static func number(_ rest: inout ArraySlice<UInt8>) -> Int? {
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard (1...3).contains(digits.count) else { return nil }
    rest = rest.dropFirst(digits.count)
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }

  private static func take(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) -> Bool {
    guard rest.first == byte else { return false }
    rest = rest.dropFirst()
    return true
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  private static func time(_ rest: inout ArraySlice<UInt8>) -> Int? {
    let isNegative = take(UInt8(ascii: "-"), &rest)
    if !isNegative { _ = take(UInt8(ascii: "+"), &rest) }
    guard let hours = number(&rest), hours <= 167 else { return nil }
    var seconds = hours * 3_600
    if take(UInt8(ascii: ":"), &rest) {
      guard let minutes = number(&rest), minutes < 60 else { return nil }
      seconds += minutes * 60
      if take(UInt8(ascii: ":"), &rest) {
        guard let more = number(&rest), more < 60 else { return nil }
        seconds += more
      }
    }
    return isNegative ? -seconds : seconds
  }

  /// `,M3.5.0/2`, `,J60` or `,59`.
  private static func change(_ rest: inout ArraySlice<UInt8>) -> Change? {
    guard take(UInt8(ascii: ","), &rest) else { return nil }
    let day: Change.Day
    if take(UInt8(ascii: "M"), &rest) {
      guard let month = number(&rest), (1...12).contains(month), take(UInt8(ascii: "."), &rest),
        let week = number(&rest), (1...5).contains(week), take(UInt8(ascii: "."), &rest),
        let weekday = number(&rest), weekday < 7
      else { return nil }
      day = .weekday(month: month, week: week, day: weekday)
    } else if take(UInt8(ascii: "J"), &rest) {
      guard let number = number(&rest), (1...365).contains(number) else { return nil }
      day = .julian(number)
    } else {
      guard let number = number(&rest), number <= 365 else { return nil }
      day = .ofYear(number)
    }
    guard take(UInt8(ascii: "/"), &rest) else { return Change(day: day, seconds: 7_200) }
    return time(&rest).map { Change(day: day, seconds: $0) }
  }
}
