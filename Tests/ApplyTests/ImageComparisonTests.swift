import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

@testable import Apply

/// What counts as a change of a row: every byte, also where the type's own equality sees none (cases 24 and 28).
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct ImageComparisonTests {
  private let items = table("items", [id, column("v")])

  /// Stages values by hand, as a codec would bring them, and tells whether the row was written.
  private func upsert(_ value: String, _ sql: TableSQL, _ target: Target) throws -> Bool {
    let name = target.name(items)
    let before = try target.values("SELECT xmin::text FROM \(name)")
    try target.run(
      """
      BEGIN; SET LOCAL changeover.apply = 'on'; \(sql.createStage);
      INSERT INTO \(sql.stage) VALUES (1, 0, 7, \(PostgresText.literal(value)), NULL); \(sql.upsertStaged); COMMIT
      """)
    #expect(try target.values("SELECT v::text FROM \(name)") == [[.text(value)]])
    return try target.values("SELECT xmin::text FROM \(name)") != before
  }

  private struct Pair: Sendable, CustomStringConvertible {
    var type: TargetType
    var typeSQL: String?
    var values: [String]
    var description: String { type.description }
  }

  private static let pairs: [Pair] = [
    Pair(type: .numeric(nil), values: ["1.1", "1.10", "1.1"]), Pair(type: .json, values: ["{\"a\":1}", "{\"a\": 1}"]),
    Pair(type: .jsonb, values: ["{\"a\": 1.0}", "{\"a\": 1.00}"]), Pair(type: .double, values: ["-0", "0"]),
    Pair(type: .real, values: ["0", "-0"]), Pair(type: .citext, typeSQL: "public.citext", values: ["Abc", "aBc", ""]),
    Pair(type: .uuid, values: ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    Pair(type: .boolean, values: ["true", "false"]),
    Pair(type: .timestamptz, values: ["2024-01-02 03:04:05+00", "2024-01-02 03:04:05.000001+00"]),
    Pair(type: .date, values: ["2024-02-29"]), Pair(type: .time, values: ["24:00:00", "00:00:00"]),
    Pair(type: .smallint, values: ["1"]), Pair(type: .integer, values: ["-2147483648"]),
    Pair(type: .bytea, values: ["\\x00", "\\x"]), Pair(type: .varchar(3), values: ["abc", "ab"]),
  ]

  @Test(arguments: pairs)
  private func `a row is written where a byte differs, and only there`(_ pair: Pair) throws {
    let target = try Target(before: { _ in
      "SELECT pg_advisory_xact_lock(1); CREATE EXTENSION IF NOT EXISTS citext SCHEMA public"
    }) { schema in
      TargetPlan(
        schema: schema,
        tables: [planned(items, [planned("id", .bigint, notNull: true), planned("v", pair.type, as: pair.typeSQL)])])
    }
    try target.run("SET TIME ZONE 'UTC'")
    let sql = TableSQL(target.plan.tables[0], schema: target.schema)
    for value in pair.values {
      #expect(try upsert(value, sql, target))
      #expect(try !upsert(value, sql, target))
    }
  }
}
