import Schema

/// Points in time as numbers, in microseconds since 2000-01-01 UTC.
enum TimeNumber {
  /// 2000-01-01 00:00 in milliseconds after noon of −4713-11-24.
  private static let julianMilliseconds: Int64 = 211_813_444_800_000

  static func microseconds(
    _ number: Int64, _ unit: Reading.Numbers, _ type: TargetType
  ) throws(Misfit) -> Int64 {
    let (since, first) = number.subtractingReportingOverflow(epoch(unit))
    let (product, second) = since.multipliedReportingOverflow(by: length(unit))
    // A Julian day begins at noon.
    let (sum, third) = product.addingReportingOverflow(unit == .julianDay ? CalendarTime.day / 2 : 0)
    guard !first, !second, !third, CalendarTime.range.contains(sum) else { throw .outOfRange(type) }
    return sum
  }

  static func microseconds(
    _ number: Double, _ unit: Reading.Numbers, _ type: TargetType
  ) throws(Misfit) -> Int64 {
    // Coarse and fine: SQLite makes Julian days from milliseconds, and those are meant.
    let coarse: Int64?
    var fine: Int64?
    switch unit {
    case .seconds: coarse = since2000((number * 1e6).rounded())
    case .milliseconds: coarse = since2000((number * 1e3).rounded())
    case .microseconds: coarse = since2000(number)
    case .julianDay:
      coarse = whole((number * 86_400_000).rounded()).flatMap { milliseconds in
        let (since, first) = milliseconds.subtractingReportingOverflow(julianMilliseconds)
        let (product, second) = since.multipliedReportingOverflow(by: 1_000)
        return first || second ? nil : product
      }
      fine = whole(((number - 2_451_544.5) * 86_400_000_000).rounded())
    }
    guard let coarse, CalendarTime.range.contains(coarse) else { throw .outOfRange(type) }
    if real(coarse, unit)?.bitPattern == number.bitPattern { return coarse }
    guard let fine, CalendarTime.range.contains(fine), real(fine, unit)?.bitPattern == number.bitPattern else {
      throw .inexact(type)
    }
    return fine
  }

  /// Nil where the point in time is between two of them.
  static func integer(_ microseconds: Int64, _ unit: Reading.Numbers) -> Int64? {
    let (number, rest) = (microseconds - (unit == .julianDay ? CalendarTime.day / 2 : 0))
      .quotientAndRemainder(dividingBy: length(unit))
    let (sum, overflow) = number.addingReportingOverflow(epoch(unit))
    return rest == 0 && !overflow ? sum : nil
  }

  static func real(_ microseconds: Int64, _ unit: Reading.Numbers) -> Double? {
    if unit == .julianDay {
      let (milliseconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000)
      if rest == 0 { return Double(milliseconds + julianMilliseconds) / 86_400_000 }
      return 2_451_544.5 + Double(microseconds) / 86_400_000_000
    }
    let (since1970, overflow) = microseconds.addingReportingOverflow(CalendarTime.epoch * 1_000_000)
    guard !overflow else { return nil }
    return Double(since1970) / Double(length(unit))
  }

  /// Microseconds in one.
  private static func length(_ unit: Reading.Numbers) -> Int64 {
    switch unit {
    case .seconds: 1_000_000
    case .milliseconds: 1_000
    case .microseconds: 1
    case .julianDay: CalendarTime.day
    }
  }

  /// The number of 2000-01-01; of its noon for Julian days.
  private static func epoch(_ unit: Reading.Numbers) -> Int64 {
    switch unit {
    case .seconds: CalendarTime.epoch
    case .milliseconds: CalendarTime.epoch * 1_000
    case .microseconds: CalendarTime.epoch * 1_000_000
    case .julianDay: 2_451_545
    }
  }

  private static func since2000(_ microseconds: Double) -> Int64? {
    guard let whole = whole(microseconds.rounded()) else { return nil }
    let (difference, overflow) = whole.subtractingReportingOverflow(CalendarTime.epoch * 1_000_000)
    return overflow ? nil : difference
  }

  /// Nil for infinities, NaN and what is far beyond PostgreSQL's range.
  private static func whole(_ number: Double) -> Int64? { abs(number) < 0x1p63 ? Int64(number) : nil }
}
