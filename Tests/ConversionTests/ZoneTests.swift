import Model
import Schema
import TestSupport
import Testing

@testable import Conversion

/// Case 27: times without an offset.
struct ZoneTests {
  /// Microseconds since 2000 of a UTC time.
  private func utc(_ text: String) throws -> [UInt8]? { try Column(.timestamp).field(.text(text)).get() }

  @Test func `local times of a zone`() throws {
    let column = try Column(.timestamptz, Reading(zone: "Europe/Berlin"))
    let pairs = [
      ("2024-01-02 08:00", "2024-01-02 07:00"), ("2024-07-02 08:00", "2024-07-02 06:00"),
      ("2024-03-31 01:59:59", "2024-03-31 00:59:59"), ("2024-03-31 03:00", "2024-03-31 01:00"),
      // Both 00:30 and 01:30 UTC show 02:30: PostgreSQL takes the later.
      ("2024-10-27 02:30", "2024-10-27 01:30"), ("2024-10-27 01:59", "2024-10-26 23:59"),
      // By the rule of the file's footer.
      ("2050-07-01 12:00", "2050-07-01 10:00"), ("2050-12-31 23:59", "2050-12-31 22:59"),
      // Before standard time: 53 minutes and 28 seconds.
      ("1850-01-01 00:53:28", "1850-01-01 00:00:00"),
    ]
    for (local, instant) in pairs {
      #expect(try column.field(.text(local)).get() == utc(instant), "\(local)")
      #expect(column.roundTrip(.text(local)) == .text(local), "\(local)")
    }
    column.expect(["2024-03-31 02:00", "2024-03-31 02:59:59", "2050-03-27 02:30"], .malformed(.timestamptz))
    // The earlier of two times that look the same has no text without an offset.
    let spelling = try #require(column.spelling(.text("2024-10-27 02:30")))
    let earlier = try #require(try utc("2024-10-27 00:30"))
    #expect(column.decode(earlier, spelling) == nil)
    column.expectFit(["2024-10-27 02:30:00+02:00", "2024-01-02T08:00Z", "2024-01-02"])
  }

  @Test func `fixed offsets and UTC`() throws {
    for (zone, instant) in [("UTC", "08:00"), ("+02:00", "06:00"), ("-0530", "13:30"), ("Z", "08:00"), ("", "08:00")] {
      let column = try Column(.timestamptz, Reading(zone: zone))
      #expect(try column.field(.text("2024-01-02 08:00")).get() == utc("2024-01-02 \(instant)"))
    }
  }

  @Test(arguments: [
    "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "zone.tab", "Europe/Berlin\0", "+25:00",
  ])
  func `zones that there are not`(_ zone: String) {
    let failure = #expect(throws: Failure.self) { try ColumnCodec(.timestamptz, Reading(zone: zone)) }
    #expect(failure?.status == .configuration)
    #expect(failure?.remedy.contains("Europe/Berlin") == true)
  }

  @Test func `rules as POSIX writes them`() throws {
    func offset(_ rule: String, _ utc: String) throws -> Int64 {
      let field = try #require(try self.utc(utc))
      let microseconds = field.reduce(Int64(0)) { $0 << 8 | Int64($1) }
      return try #require(ZoneRule(rule)).offset(at: microseconds / 1_000_000 + CalendarTime.epoch)
    }
    #expect(try offset("UTC0", "2024-07-01") == 0)
    #expect(try offset("<+0330>-3:30", "2024-07-01") == 12_600)
    #expect(try offset("CET-1CEST,M3.5.0,M10.5.0/3", "2050-07-01") == 7_200)
    #expect(try offset("CET-1CEST,M3.5.0,M10.5.0/3", "2050-12-31 23:30") == 3_600)
    #expect(try offset("AEST-10AEDT,M10.1.0,M4.1.0/3", "2050-01-01") == 39_600)
    #expect(try offset("AEST-10AEDT,M10.1.0,M4.1.0/3", "2050-07-01") == 36_000)
    #expect(try offset("XXX3YYY2,J60/0,J300/0", "2024-03-01 03:00") == -7_200)
    #expect(try offset("XXX3YYY2,59/0,300/0", "2024-02-29 03:00") == -7_200)
    #expect(try offset("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2024-03-31 00:59:59") == -7_200)
    #expect(try offset("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2024-03-31 01:00") == -3_600)
    for wrong in [
      "", "X", "CET", "CET-1CEST", "CET-1CEST,M13.1.0,M1.1.0", "CET-1CEST,J0,J1", "<+03", "CET-1CEST,M3.5.0",
    ] {
      #expect(ZoneRule(wrong) == nil, "\(wrong)")
    }
  }

  @Test func `a damaged zone file is refused, not trusted`() throws {
    var random = SeededRandom(seed: 27)
    var header = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
    header += [0, 0, 0, 0, 0, 1].flatMap { big(UInt32($0)) }
    let one = header + [0]
    let whole =
      one + Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
      + [0, 0, 0, 1, 1, 4].flatMap { big(UInt32($0)) } + big(Int64(0)) + [0] + big(Int32(3_600)) + [0, 0]
      + Array("CET\0".utf8) + Array("\nCET-1\n".utf8)
    #expect(ZoneFile(whole)?.offset(at: 5) == 3_600)
    for count in 0..<whole.count - 7 { #expect(ZoneFile(Array(whole.prefix(count))) == nil) }
    for _ in 0..<5_000 {
      var bytes = whole
      bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
      _ = ZoneFile(bytes)?.offset(at: Int64(random.below(1 << 40)))
    }
  }
}
