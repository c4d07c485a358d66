import Model
import Schema
import Testing

@testable import Conversion

/// Case 27.
struct TimeTypeTests {
  @Test func `dates that there are`() throws {
    let column = try Column(.date)
    column.expectFit(["2000-01-01", "2024-02-29", "0001-01-01", "9999-12-31", "1900-02-28"])
    column.expect(
      [
        "2024-02-30", "1900-02-29", "2023-13-01", "2023-00-01", "2023-01-00", "0000-01-01", "2023-1-1", "now", "today",
        "2024-01-02 00:00:00", "24-01-02", "20240102", "2024/01/02", "10000-01-01", "-2024-01-01",
      ], .malformed(.date))
    #expect(try column.field(.text("2000-01-02")).get() == big(Int32(1)))
    #expect(try column.field(.text("1970-01-01")).get() == big(Int32(-10_957)))
    #expect(column.misfit(.integer(0)) == .storageClass(.integer, .date))
    let seconds = try Column(.date, Reading(numbers: .seconds))
    #expect(try seconds.field(.integer(86_400)).get() == big(Int32(-10_956)))
    #expect(seconds.roundTrip(.integer(-86_400)) == .integer(-86_400))
    #expect(seconds.misfit(.integer(86_401)) == .inexact(.date))
    let days = try Column(.date, Reading(numbers: .julianDay))
    #expect(try days.field(.real(2_451_544.5)).get() == big(Int32(0)))
    #expect(days.misfit(.integer(2_451_544)) == .inexact(.date))
  }

  @Test func `times of the day`() throws {
    let column = try Column(.time)
    column.expectFit(["00:00", "23:59", "23:59:59", "12:00:00.1", "12:00:00.123456", "12:00:00.123456000"])
    column.expect(
      [
        "24:00", "24:00:00", "23:60", "23:59:60", "1:00", "12", "12:00:00.", "12:00Z", "12:00:00,5",
        "12:00:00.1234560000",
      ],
      .malformed(.time))
    column.expect(["12:00:00.1234567"], .inexact(.time))
    #expect(try column.field(.text("00:00:01.5")).get() == big(Int64(1_500_000)))
    #expect(column.misfit(.integer(0)) == .storageClass(.integer, .time))
  }

  @Test func `timestamps in every spelling`() throws {
    let column = try Column(.timestamp)
    column.expectFit([
      "2024-01-02", "2024-01-02 08:00", "2024-01-02T08:00", "2024-01-02t08:00:01", "2024-01-02 08:00:00.123",
      "2024-01-02 08:00:00.123456", "2024-01-02 08:00:00.123456000", "0001-01-01 00:00:00",
      "9999-12-31 23:59:59.999999",
    ])
    column.expect(
      [
        "2024-02-30", "2024-02-30 10:00", "now", "today", "tomorrow", "epoch", "infinity", "2024-01-02T08:00:00Z",
        "2024-01-02 08:00:00+01", "2024-01-02  08:00", "2024-01-02T", "2024-01-02 24:00", "1700000000", " 2024-01-02",
      ], .malformed(.timestamp))
    column.expect(["2024-01-02 08:00:00.1234567"], .inexact(.timestamp))
    #expect(try column.field(.text("2000-01-01 00:00:01")).get() == big(Int64(1_000_000)))
    #expect(try column.field(.text("1999-12-31T23:59:59")).get() == big(Int64(-1_000_000)))
  }

  @Test func `timestamps with an offset`() throws {
    let column = try Column(.timestamptz)
    column.expectFit([
      "2024-01-02T08:00:00Z", "2024-01-02 08:00z", "2024-01-02 08:00:00.5+01:00", "2024-01-02 08:00:00 +0100",
      "2024-01-02 08:00:00-08", "2024-01-02 08:00:00-00:00", "2024-01-02 08:00:00+00:00", "0001-01-01 00:00:00+15:59",
      "2024-01-02 08:00:00 Z",
    ])
    column.expect(
      [
        "2024-01-02 08:00:00", "2024-01-02", "2024-01-02 08:00:00+16:00", "2024-01-02 08:00:00+01:60",
        "2024-01-02 08:00:00+1", "2024-01-02 08:00:00 UTC", "2024-01-02 08:00:00+01:00:00", "2024-01-02Z",
        "2024-01-02 08:00:00  Z", "now",
      ], .malformed(.timestamptz))
    #expect(try column.field(.text("2000-01-01 01:00:00+01:00")).get() == big(Int64(0)))
    #expect(try column.field(.text("1999-12-31 23:59:00-00:01")).get() == big(Int64(0)))
  }

  @Test func `numbers by their unit`() throws {
    func check(_ unit: Reading.Numbers, _ fits: [Value], _ expected: [Int64], inexact: [Value], beyond: [Value]) throws
    {
      for type in [TargetType.timestamp, .timestamptz] {
        let column = try Column(type, Reading(numbers: unit))
        for (value, microseconds) in zip(fits, expected) {
          #expect(try column.field(value).get() == big(microseconds), "\(value)")
          #expect(column.roundTrip(value) == value, "\(value)")
        }
        for value in inexact { #expect(column.misfit(value) == .inexact(type), "\(value)") }
        for value in beyond { #expect(column.misfit(value) == .outOfRange(type), "\(value)") }
      }
    }
    let of2000: Int64 = 946_684_800
    let year = Value.integer(1_627_303_906_122)
    try check(
      .seconds, [.integer(of2000), .integer(of2000 - 1), .real(946_684_800.25), .real(1_700_000_000.123)],
      [0, -1_000_000, 250_000, (1_700_000_000 - of2000) * 1_000_000 + 123_000],
      inexact: [.real(1_700_000_000.0000005), .real(-0.0)],
      beyond: [
        .integer(.max), .integer(.min), .real(.infinity), .real(1e300), .integer(1_627_303_906_122_000), .real(.nan),
      ])
    try check(
      .milliseconds, [year, .integer(of2000 * 1_000), .real(946_684_800_000.5)],
      [1_627_303_906_122_000 - of2000 * 1_000_000, 0, 500], inexact: [.real(0.0001)], beyond: [.integer(.max)])
    try check(
      .microseconds, [.integer(of2000 * 1_000_000 + 1), .real(946_684_800_000_001)], [1, 1], inexact: [.real(0.5)],
      beyond: [.real(-1e18)])
    try check(
      .julianDay, [.integer(2_451_545), .real(2_451_544.5), .real(2_451_545.25)],
      [43_200_000_000, 0, 64_800_000_000], inexact: [], beyond: [.integer(.max), .real(1e12), year])
    // The year 53,538 of whoever took milliseconds for seconds; PostgreSQL ends in 294276.
    #expect(try Column(.timestamp, Reading(numbers: .seconds)).misfit(year) == nil)
    #expect(try Column(.timestamp, Reading(numbers: .julianDay)).misfit(year) == .outOfRange(.timestamp))
  }

  /// SQLite's julianday('2024-01-02 08:00:00') is 8 o'clock, not 13 microseconds later.
  @Test func `a Julian day of SQLite is of whole milliseconds`() throws {
    let column = try Column(.timestamp, Reading(numbers: .julianDay))
    let text = try Column(.timestamp)
    for (time, milliseconds) in [
      ("2024-01-02 08:00:00", 212_570_942_400_000), ("2024-01-02 08:00:00.001", 212_570_942_400_001),
    ] as [(String, Int64)] {
      let day = Value.real(Double(milliseconds) / 86_400_000)
      #expect(try column.field(day).get() == text.field(.text(time)).get())
      #expect(column.roundTrip(day) == day)
    }
  }

  @Test func `times by a pattern`() throws {
    func column(_ type: TargetType, _ format: String, zone: String? = nil) throws -> Column {
      try Column(type, Reading(format: format, zone: zone))
    }
    let german = try column(.timestamp, "%d.%m.%Y %H:%M")
    german.expectFit(["02.01.2024 08:00", "29.02.2024 23:59"])
    german.expect(["2.1.2024 08:00", "30.02.2024 08:00", "02.01.2024", "2024-01-02 08:00"], .malformed(.timestamp))
    try column(.timestamp, "%-d.%-m.%Y").expectFit(["2.1.2024", "12.11.2024"])
    try column(.date, "%e %B %y").expectFit([" 2 January 24", "12 May 69", "31 December 68"])
    try column(.date, "%e %B %y").expect(["2 January 24", "02 January 24", " 2 january 24"], .malformed(.date))
    try column(.date, "%Y.%j").expectFit(["2024.366", "2023.001", "2023.059", "2023.060"])
    try column(.date, "%Y.%j").expect(["2023.366", "2023.000", "2023.400"], .malformed(.date))
    try column(.date, "%F %j").expect(["2023-01-02 001"], .malformed(.date))
    try column(.date, "%F %H").expect(["2023-01-02 01"], .inexact(.date))
    try column(.time, "%I:%M:%S.%f %p").expectFit(["12:00:00.5 AM", "12:00:00.123456 PM", "01:59:59.000 PM"])
    try column(.time, "%I:%M %p").expect(["00:00 AM", "13:00 PM", "01:00 pm"], .malformed(.time))
    let log = try column(.timestamptz, "%d/%b/%Y:%T %z")
    log.expectFit(["10/Oct/2000:13:55:36 -0700", "10/Oct/2000:13:55:36 Z", "10/Oct/2000:13:55:36 +01:00"])
    log.expect(["10/Oct/2000:13:55:36", "10/Okt/2000:13:55:36 Z"], .malformed(.timestamptz))
    try column(.timestamptz, "%d.%m.%Y %R", zone: "Europe/Berlin").expectFit(["31.03.2024 01:59", "27.10.2024 02:30"])
    // A later value has hours, which the pattern cannot write.
    let day = try column(.timestamp, "%F")
    let spelling = try #require(day.spelling(.text("2024-01-02")))
    #expect(day.decode(big(Int64(3_600_000_000)), spelling) == nil)
  }

  @Test func `patterns that tell no time are refused`() {
    let wrong: [(TargetType, String)] = [
      (.date, "%Y-%m"), (.date, "%H:%M"), (.timestamp, "%Q"), (.timestamp, "%Y-%m-%d %"), (.time, "%M"),
      (.time, "%F %T"),
      (.timestamp, "%F %z"), (.timestamptz, "%F %T"), (.time, "%I:%M"), (.date, "%-Y-%m-%d"), (.date, ""),
    ]
    for (type, format) in wrong {
      let failure = #expect(throws: Failure.self) { try ColumnCodec(type, Reading(format: format)) }
      #expect(failure?.status == .configuration)
      #expect(failure?.remedy.isEmpty == false)
    }
  }
}
