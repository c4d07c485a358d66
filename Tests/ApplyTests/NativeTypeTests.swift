import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

/// Every type that values are converted to arrives by every way that rows take (cases 26 to 29).
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct NativeTypeTests {
  /// A type, values of SQLite that it takes, and what they are there.
  struct Sample: Sendable, CustomStringConvertible {
    var type: TargetType
    var values: [(Value, String)]
    var canBeKey = true
    var description: String { type.description }
  }

  static let samples: [Sample] = [
    Sample(type: .smallint, values: [(.integer(-32_768), "-32768"), (.integer(7), "7")]),
    Sample(type: .integer, values: [(.integer(2_147_483_647), "2147483647"), (.integer(0), "0")]),
    Sample(type: .real, values: [(.real(0.5), "0.5"), (.real(-0.0), "-0")], canBeKey: false),
    Sample(type: .numeric(nil), values: [(.text("1.1"), "1.1"), (.text("1.10"), "1.10")], canBeKey: false),
    Sample(
      type: .numeric(NumericLimits(precision: 12, scale: 2)),
      values: [(.text("9999999999.99"), "9999999999.99"), (.integer(5), "5.00")]),
    Sample(type: .boolean, values: [(.one, "true"), (.integer(0), "false")]),
    Sample(type: .date, values: [(.text("2024-02-29"), "2024-02-29"), (.text("0001-01-01"), "0001-01-01")]),
    Sample(type: .time, values: [(.text("23:59:59.999999"), "23:59:59.999999"), (.text("00:00:00"), "00:00:00")]),
    Sample(
      type: .timestamp,
      values: [
        (.text("2024-01-02 03:04:05"), "2024-01-02 03:04:05"), (.text("1969-12-31T23:59:59"), "1969-12-31 23:59:59"),
      ]),
    Sample(
      type: .timestamptz,
      values: [
        (.text("2024-01-02T03:04:05Z"), "2024-01-02 03:04:05+00"),
        (.text("2024-01-02T03:04:06.5Z"), "2024-01-02 03:04:06.5+00"),
      ]),
    Sample(
      type: .uuid,
      values: [
        (.text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        (.text("00000000-0000-0000-0000-000000000000"), "00000000-0000-0000-0000-000000000000"),
      ]),
    Sample(
      type: .json, values: [(.text("{\"a\":1}"), "{\"a\":1}"), (.text("{\"a\": 1}"), "{\"a\": 1}")], canBeKey: false),
    Sample(type: .jsonb, values: [(.text("[1, 2]"), "[1, 2]"), (.text("\"x\""), "\"x\"")], canBeKey: false),
    Sample(type: .varchar(3), values: [(.text("äöü"), "äöü"), (.text(""), "")]),
    Sample(type: .char(3), values: [(.text("abc"), "abc"), (.text("xyz"), "xyz")]),
  ]

  private let items = table("items", [id, column("v"), column("n", "INT")])

  private func target(_ sample: Sample, isKey: Bool = false) throws -> Target {
    let source = isKey ? keyed : items
    let target = try Target { schema in
      let value = planned("v", sample.type, notNull: isKey)
      let columns =
        isKey
        ? [value, planned("n", .bigint)] : [planned("id", .bigint, notNull: true), value, planned("n", .bigint)]
      return TargetPlan(schema: schema, tables: [planned(source, columns)])
    }
    try target.run("SET TIME ZONE 'UTC'")
    return target
  }

  private func rows(_ target: Target, _ table: SourceTable) throws -> [[Value]] {
    try target.values("SELECT v::text, n FROM \(target.name(table)) ORDER BY n")
  }

  @Test(arguments: samples)
  func `by arrays, by staging and by COPY`(_ sample: Sample) throws {
    let target = try target(sample)
    let images = sample.values.enumerated().map { index, pair in
      [Value.integer(Int64(index)), pair.0, .integer(Int64(index))]
    }
    let expected = sample.values.enumerated().map { [.text($1.1), Value.integer(Int64($0))] }
    var sink = try target.sink(items)
    try target.copy(images, with: &sink)
    let wasCareful = sink.isCareful
    #expect(!wasCareful)
    #expect(try rows(target, items) == expected)
    for route in Route.allCases {
      let before = try target.values("SELECT xmin::text FROM \(target.name(items))")
      try target.apply(images.map { .upsert(items, $0) }, by: route)
      #expect(try target.values("SELECT xmin::text FROM \(target.name(items))") == before)
      // The two rows exchange their values, and back.
      let swapped = zip(images, images.reversed()).map { [$0[0], $1[1], $0[2]] }
      try target.apply(swapped.map { .upsert(items, $0) }, by: route)
      #expect(try rows(target, items).map { $0[0] } == expected.reversed().map { $0[0] })
      try target.apply([.delete(items, [images[0][0]])], by: route)
      try target.apply(images.map { .upsert(items, $0) }, by: route)
      #expect(try rows(target, items) == expected)
    }
    #expect(try target.quarantine().isEmpty)
  }

  private let keyed = table(
    "keyed", [column("v", notNull: true), column("n", "INT")], key: .columns([term("v")]), indexes: [primaryKey("v")])

  @Test(arguments: samples.filter(\.canBeKey), Route.allCases)
  func `as the key`(_ sample: Sample, _ route: Route) throws {
    let target = try target(sample, isKey: true)
    let keys = sample.values.map(\.0)
    try target.apply([.upsert(keyed, [keys[0], .one]), .upsert(keyed, [keys[1], .two])], by: route)
    try target.apply([.upsert(keyed, [keys[0], .three]), .delete(keyed, [keys[1]])], by: route)
    #expect(try rows(target, keyed) == [[.text(sample.values[0].1), .three]])
    try target.apply(
      target.write(
        parts: [
          [.upsert(keyed, [keys[0], .one]), .upsert(keyed, [keys[1], .one])],
          [.upsert(keyed, [keys[1], .two]), .delete(keyed, [keys[0]])],
        ], keysMayRepeat: true))
    #expect(try rows(target, keyed) == [[.text(sample.values[1].1), .two]])
    #expect(try target.quarantine().isEmpty)
  }

  @Test(arguments: Route.allCases)
  func `what does not fit goes to the quarantine with its column`(_ route: Route) throws {
    for (type, value) in [
      (TargetType.numeric(NumericLimits(precision: 4, scale: 2)), Value.text("1.234")), (.date, .text("2024-02-30")),
      (.uuid, .text("no")), (.jsonb, .text("{\"a\":")), (.boolean, .two), (.smallint, .integer(40_000)),
      (.varchar(2), .text("abc")),
    ] {
      let target = try target(Sample(type: type, values: []))
      let applied = try target.apply(
        [.upsert(items, [.one, value, .one]), .upsert(items, [.two, .null, .two])], by: route)
      #expect(applied.quarantined == 1)
      #expect(try target.quarantine().map { $0[1] } == ["v"])
      #expect(try rows(target, items) == [[.null, .two]])
      try target.apply([.upsert(items, [.one, .null, .one])], by: route)
      #expect(try target.quarantine().isEmpty)
    }
  }
}
