import Model
import Schema
import Testing

@testable import Verify

/// Every type that values are converted to is compared by what it sends.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct TypeTests {
  /// A type, values that it takes, and what changes the first of them a little.
  struct Sample: Sendable, CustomStringConvertible {
    var type: TargetType
    var values: [Value]
    var change: String
    var reading = Reading()
    var description: String { "\(type) \(reading.numbers.map { "\($0)" } ?? "") \(reading.zone ?? "")" }
  }

  static let samples: [Sample] = [
    Sample(type: .smallint, values: [.i(-32_768), .i(7)], change: "v + 1"),
    Sample(type: .integer, values: [.i(2_147_483_647), .i(0), .i(-1)], change: "v - 1"),
    Sample(type: .bigint, values: [.i(.max), .i(.min), .i(0), .i(1 << 32)], change: "v - 1"),
    Sample(type: .real, values: [.real(0.5), .real(-0.0), .i(3)], change: "'0.50000006'"),
    Sample(
      type: .double,
      values: [.real(0.1 + 0.2), .real(-0.0), .real(0), .i(5), .real(.infinity), .real(.leastNonzeroMagnitude)],
      change: "0.3::float8"),
    Sample(
      type: .numeric(nil),
      values: [
        .text("1.10"), .text("1.1"), .i(5), .i(-123_456_789), .real(0.25), .text("1e3"), .text("-0.0001"), .i(0),
        .text("12345678901234567890.5"),
      ], change: "1.100"),
    Sample(
      type: .numeric(NumericLimits(precision: 12, scale: 2)), values: [.text("1.10"), .i(5), .real(2.5), .text("-7")],
      change: "v + 0.01"),
    Sample(type: .boolean, values: [.i(1), .i(0), .text("yes"), .text("F")], change: "NOT v"),
    Sample(type: .date, values: [.text("2024-02-29"), .text("0001-01-01"), .text("9999-12-31")], change: "v + 1"),
    Sample(
      type: .date, values: [.i(86_400), .i(0)], change: "v + 1", reading: Reading(numbers: .seconds)),
    Sample(
      type: .time, values: [.text("23:59:59"), .text("00:00"), .text("12:00:00.5")],
      change: "v + interval '1 microsecond'"),
    Sample(
      type: .timestamp,
      values: [.text("2024-01-02 03:04:05"), .text("1969-12-31T23:59:59.999999"), .text("0001-01-01")],
      change: "v + interval '1 microsecond'"),
    Sample(
      type: .timestamp, values: [.i(1_700_000_000_123), .i(-1)], change: "v + interval '1 microsecond'",
      reading: Reading(numbers: .milliseconds)),
    Sample(
      type: .timestamp, values: [.real(2_460_000.5), .real(2_440_587.5)], change: "v - interval '1 microsecond'",
      reading: Reading(numbers: .julianDay)),
    Sample(
      type: .timestamp, values: [.text("24.12.2024 18:30")], change: "v + interval '1 second'",
      reading: Reading(format: "%d.%m.%Y %H:%M")),
    Sample(
      type: .timestamptz, values: [.text("2024-01-02T03:04:05Z"), .text("2024-01-02 03:04:05.123+05:30")],
      change: "v + interval '1 microsecond'"),
    Sample(
      type: .timestamptz, values: [.text("2024-07-02 03:04:05"), .text("2024-10-27 02:30:00")],
      change: "v + interval '1 hour'", reading: Reading(zone: "Europe/Berlin")),
    Sample(
      type: .timestamptz, values: [.i(1_700_000_000), .real(1_700_000_000.25)],
      change: "v + interval '1 microsecond'", reading: Reading(numbers: .seconds)),
    Sample(
      type: .uuid,
      values: [
        .text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), .text("A0EEBC999C0B4EF8BB6D6BB9BD380A12"),
        .blob(Array(0..<16)),
      ], change: "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a13'"),
    Sample(
      type: .json, values: [.text("{\"a\":1}"), .text("{\"a\": 1.50, \"a\": 2}"), .text(" [] ")],
      change: "'{\"a\": 1}'"),
    Sample(
      type: .jsonb,
      values: [.text("{\"b\":1,\"a\":[1, 2.50]}"), .text("\"\\u00e9\\n\""), .text("1e2"), .text(" null ")],
      change: "'{\"b\":1,\"a\":[1, 2.5]}'"),
    Sample(type: .bytea, values: [.blob([1, 0, 255]), .blob([])], change: "v || '\\x00'"),
    Sample(
      type: .bytea, values: [.text("a\u{0}b"), .blob([97]), .text("")], change: "'\\x6162'",
      reading: Reading(nul: .bytea)),
    Sample(type: .text, values: [.text("é漢🚚"), .text(""), .text(" ")], change: "v || ' '"),
    Sample(type: .varchar(8), values: [.text("äöü"), .text("")], change: "v || ' '"),
    Sample(type: .char(8), values: [.text("abc"), .text("")], change: "'abd'"),
    Sample(
      type: .anyText, values: [.i(12), .real(1.5), .text("text"), .blob([0, 255]), .real(1e300)], change: "'13'"),
    Sample(type: .keyText, values: [.i(12), .real(1.5), .text("text")], change: "'12.0'"),
  ]

  private static func stores(_ sample: Sample) throws -> Stores {
    try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v)",
      rows: (sample.values + [.null]).enumerated().map { [.i(Int64($0)), $1] },
      columns: ["v": (sample.type, sample.reading)])
  }

  @Test(arguments: samples) func `each type is equal, and different by the least`(_ sample: Sample) throws {
    let stores = try Self.stores(sample)
    try stores.expectEqual()
    let rows = Int64(sample.values.count)
    try stores.corrupt(target: "UPDATE % SET v = \(sample.change) WHERE id = 0")
    try stores.expect([.different(.i(0), in: "v")])
    try stores.corrupt(target: "UPDATE % SET v = NULL WHERE id = 0")
    try stores.expect([.different(.i(0), in: "v")])
    try stores.source.execute("UPDATE t SET v = NULL WHERE id = 0")
    try stores.expectEqual()
    try stores.corrupt(
      target:
        "UPDATE % SET v = \(sample.change.contains("v") ? "(SELECT v FROM % WHERE v IS NOT NULL LIMIT 1)" : sample.change) WHERE id = \(rows)"
    )
    if sample.values.count > 1 { try stores.expect([.different(.i(rows), in: "v")]) }
  }

  @Test(arguments: ["NUMERIC", "TEXT", "REAL", "", "INTEGER"])
  func `zeros that a decimal shows count where the source stores it as text`(declared: String) throws {
    let long = "12345678901234567890.50"
    let rows: [[Value]] = [
      [.i(1), .text("1.5")], [.i(2), .real(1.5)], [.i(3), .text(long)], [.i(4), .i(20_000)], [.i(5), .real(0.00025)],
      [.i(6), .null], [.i(7), .real(-12.5)], [.i(8), .i(0)],
    ]
    for key in ["INTEGER PRIMARY KEY", "TEXT PRIMARY KEY NOT NULL"] {
      let stores = try Stores(
        "CREATE TABLE t (id \(key), v \(declared))", rows: rows, columns: ["v": (.numeric(nil), Reading())])
      try stores.expectEqual()
      try stores.corrupt(target: "UPDATE % SET v = v + 0.0000000")
      let isText = try stores.source.string(
        "SELECT group_concat(id) FROM (SELECT id FROM t WHERE typeof(v) = 'text' ORDER BY 1)")
      let found = try stores.compare()
      let texts = found.differences.map { "\($0.key)" }.sorted()
      #expect(found.differences.allSatisfy { $0.kind == .different && $0.columns == ["v"] })
      #expect(texts.count == (isText ?? "").split(separator: ",").count, "\(declared): \(texts), \(isText ?? "")")
      #expect(found.total == Int64(texts.count))
      try stores.corrupt(target: "UPDATE % SET v = v + 0.00000001 WHERE v IS NOT NULL")
      #expect(try stores.compare().total == 7)
    }
  }

  @Test func `keys that are decimals are found whatever zeros they show`() throws {
    let stores = try Stores(
      "CREATE TABLE t (k NUMERIC PRIMARY KEY NOT NULL, v INTEGER)",
      rows: (0..<50).map { [.real(Double($0) + 0.25), .i($0)] }, columns: ["k": (.numeric(nil), Reading())])
    try stores.expectEqual()
    try stores.corrupt(target: "UPDATE % SET k = k + 0.0000")
    try stores.expectEqual()
    try stores.corrupt(
      target: "UPDATE % SET v = -1 WHERE v = 7; DELETE FROM % WHERE v = 9; INSERT INTO % VALUES (99.2500, 1)")
    try stores.expect([.different(.real(7.25), in: "v"), .missing(.real(9.25)), .extra(.real(99.25))])
  }

  @Test func `types of the user's own tables`() throws {
    let labels = ["new", "paid", "sent"]
    let stores = try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, e TEXT, d INTEGER, c TEXT)",
      rows: labels.enumerated().map { [.i(Int64($0)), .text($1), .i(Int64($0)), .text("Word")] },
      columns: ["e": (.enumeration, Reading()), "d": (.integer, Reading()), "c": (.varchar(9), Reading())],
      createTarget: { name in
        let schema = name.split(separator: ".")[0]
        return """
          CREATE TYPE \(schema).state AS ENUM ('new', 'paid', 'sent');
          CREATE DOMAIN \(schema).amount AS integer CHECK (VALUE >= 0);
          CREATE TABLE \(name) (id bigint PRIMARY KEY, e \(schema).state, d \(schema).amount, c varchar(9),
            extra text DEFAULT 'x')
          """
      },
      change: { plan in
        for index in plan.columns.indices where index > 0 { plan.columns[index].typeSQL = "a type of the user's" }
      })
    try stores.expectEqual()
    try stores.corrupt(target: "UPDATE % SET e = 'paid' WHERE id = 0; UPDATE % SET d = 5, c = 'word' WHERE id = 2")
    try stores.expect([.different(.i(0), in: "e"), .different(.i(2), in: "d", "c")])
  }

  @Test func `citext differs by case`() throws {
    var admin = try TestServer.connect()
    guard (try? admin.execute("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public")) != nil else { return }
    let stores = try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE)",
      rows: [[.i(1), .text("Ab")], [.i(2), .text("")]],
      columns: ["v": (.citext, Reading())],
      createTarget: { "CREATE TABLE \($0) (id bigint PRIMARY KEY, v public.citext)" })
    try stores.expectEqual()
    try stores.corrupt(target: "UPDATE % SET v = 'ab' WHERE id = 1")
    try stores.expect([.different(.i(1), in: "v")])
  }

  @Test func `what the settings ask to change counts as equal, and is counted`() throws {
    let stores = try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT, d TEXT)",
      rows: [[.i(1), .text("a\u{0}b\u{0}"), .text("")], [.i(2), .text("ab"), .text("2024-01-01")]],
      columns: ["s": (.text, Reading(nul: .strip)), "d": (.date, Reading(empty: .null))])
    try stores.expectEqual()
    let found = try stores.compare()
    #expect(found.stripped == 1 && found.emptied == 1)
    try stores.corrupt(target: "UPDATE % SET s = 'a b' WHERE id = 1; UPDATE % SET d = '2024-01-01' WHERE id = 1")
    try stores.expect([.different(.i(1), in: "s", "d")])
  }

  @Test func `values longer than a megabyte`() throws {
    let text = Array(repeating: UInt8(ascii: "x"), count: FieldSQL.longest)
    let stores = try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT, b BLOB, j TEXT)",
      rows: [
        [.i(1), .text(text), .blob(text), .text("\"\(String(decoding: text, as: UTF8.self))\"")],
        [.i(2), .text(text + [97]), .blob(text + [97]), .text("[1, 2]")],
      ], columns: ["j": (.json, Reading())])
    try stores.expectEqual()
    try stores.corrupt(target: "UPDATE % SET s = left(s, -1) || 'b' WHERE id = 2")
    try stores.corrupt(target: "UPDATE % SET b = set_byte(b, octet_length(b) - 1, 98), j = '[1,2]' WHERE id = 2")
    try stores.corrupt(target: "UPDATE % SET b = b || '\\x00' WHERE id = 1")
    try stores.expect([.different(.i(1), in: "b"), .different(.i(2), in: "s", "b", "j")])
  }

  @Test func `a table of 1,500 columns`() throws {
    let names = (0..<1_500).map { "c\($0)" }
    let stores = try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, \(names.map { "\($0) INTEGER" }.joined(separator: ", ")))",
      rows: (1...3).map { row in (0...1_500).map { .i($0 == 0 ? row : Int64($0) % 90) } },
      columns: Dictionary(uniqueKeysWithValues: names.map { ($0, (TargetType.smallint, Reading())) }))
    try stores.expectEqual()
    try stores.corrupt(target: "UPDATE % SET c0 = c1, c1 = c0, c1499 = 7 WHERE id = 2")
    var settings = ComparisonSettings()
    settings.showsValues = true
    try stores.expect([.different(.i(2), in: "c0", "c1", "c1499")], settings)
  }

  @Test func `generated columns`() throws {
    let stores = try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER, w INTEGER AS (v * 2), x INTEGER AS (v + 1) STORED)", rows: [],
      change: { plan in
        plan.columns[2].generatedSQL = "v * 2"
        plan.columns[3].generatedSQL = nil
        plan.columns[3].type = .bigint
      })
    try stores.source.execute("INSERT INTO t (id, v) VALUES (1, 5), (2, NULL)")
    try stores.corrupt(target: "INSERT INTO % (id, v, x) VALUES (1, 5, 6), (2, NULL, NULL)")
    try stores.expectEqual()
    try stores.corrupt(target: "UPDATE % SET v = 6 WHERE id = 1")
    try stores.expect([.different(.i(1), in: "v", "w")])
  }
}
