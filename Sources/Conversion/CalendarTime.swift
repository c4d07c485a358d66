/// A date and a time of day in the proleptic Gregorian calendar, without a zone.
struct CalendarTime: Equatable {
  /// Microseconds in a day.
  static let day: Int64 = 86_400_000_000
  /// What PostgreSQL's timestamps hold, from 4713 BC to 294276 AD, in microseconds since 2000-01-01.
  static let range: Range<Int64> = -211_813_488_000_000_000..<9_223_371_331_200_000_000
  /// 2000-01-01, from which PostgreSQL counts, in seconds after 1970-01-01.
  static let epoch: Int64 = 946_684_800

  var year = 2000
  var month = 1
  var day = 1
  var hour = 0
  var minute = 0
  var second = 0
  var microsecond = 0

  init() {}

  /// - Parameter microseconds: since 2000-01-01, in `range`.
  init(microseconds: Int64) {
    var (days, rest) = microseconds.quotientAndRemainder(dividingBy: Self.day)
    if rest < 0 { (days, rest) = (days - 1, rest + Self.day) }
    // Howard Hinnant's civil_from_days: eras of 400 years that begin on 1 March.
    let shifted = Int(days) + 10_957 + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let ofEra = shifted - era * 146_097
    let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * ofYear + 2) / 153
    day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let seconds = Int(rest / 1_000_000)
    microsecond = Int(rest % 1_000_000)
    hour = seconds / 3_600
    minute = seconds / 60 % 60
    second = seconds % 60
  }

  /// Whether there is such a date, in a year of four digits, and such a time.
  var isReal: Bool {
    (1...9_999).contains(year) && (1...12).contains(month) && day >= 1 && day <= Self.days(year, month)
      && (0..<24).contains(hour) && (0..<60).contains(minute) && (0..<60).contains(second)
      && (0..<1_000_000).contains(microsecond)
  }

  /// Days since 2000-01-01.
  var days: Int { Self.days(year, month, day) }

  /// Microseconds since midnight.
  var timeOfDay: Int64 { Int64((hour * 60 + minute) * 60 + second) * 1_000_000 + Int64(microsecond) }

  /// Microseconds since 2000-01-01.
  var microseconds: Int64 { Int64(days) * Self.day + timeOfDay }

  static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  /// How many days a month has.
  static func days(_ year: Int, _ month: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days from 2000-01-01 to a date.
  static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear - 719_468 - 10_957
  }
}
