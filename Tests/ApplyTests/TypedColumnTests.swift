import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import TestSupport
import Testing

/// Columns whose type is another than the one that values travel as (case 36).
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct TypedColumnTests {
  private let items = table(
    "items",
    [id, column("m", "TEXT"), column("c", "TEXT"), column("v", "TEXT"), column("h", "TEXT"), column("e", "TEXT")])

  private func typed() throws -> Target {
    try Target(before: { schema in
      """
      SELECT pg_advisory_xact_lock(1); CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
      CREATE TYPE \(schema).mood AS ENUM ('ok', 'so "la"');
      CREATE DOMAIN \(schema).email AS text CHECK (VALUE LIKE '%@%')
      """
    }) { schema in
      TargetPlan(
        schema: schema,
        tables: [
          planned(
            items,
            [
              planned("id", .bigint, notNull: true), planned("m", .enumeration, as: "\"\(schema)\".\"mood\""),
              planned("c", .citext, as: "public.citext"), planned("v", .varchar(5), as: "varchar(5) COLLATE \"POSIX\""),
              planned("h", .char(4), as: "char(4)"), planned("e", .text, as: "\"\(schema)\".email"),
            ])
        ])
    }
  }

  private func item(_ id: Int64, m: String, c: String, v: String, h: String, e: String) -> [Value] {
    [.integer(id), .text(m), .text(c), .text(v), .text(h), .text(e)]
  }

  private func rows(_ target: Target) throws -> [[Value]] {
    try target.values("SELECT id, m::text, c::text, v::text, h::text, e::text FROM \(target.name(items)) ORDER BY 1")
  }

  @Test(arguments: Route.allCases)
  func `enumerations, citext, varchar, char and domains are written`(_ route: Route) throws {
    let target = try typed()
    let first = item(1, m: "ok", c: "a", v: "12345", h: "x", e: "a@b")
    let second = item(2, m: "so \"la\"", c: "ä", v: "", h: "wxyz", e: "@")
    try target.apply([.upsert(items, first), .upsert(items, second)], by: route)
    #expect(try rows(target) == [first, second])
    // Equal to citext, and another value.
    let next = item(1, m: "so \"la\"", c: "A", v: "1", h: "y", e: "b@a")
    try target.apply([.upsert(items, next), .delete(items, [.two])], by: route)
    #expect(try rows(target) == [next])
    try target.apply([.upsert(items, [.one, .null, .null, .null, .null, .null])], by: route)
    #expect(try rows(target) == [[.one, .null, .null, .null, .null, .null]])
  }

  @Test(arguments: Route.allCases)
  func `what such a type refuses goes to the quarantine and the rest arrives`(_ route: Route) throws {
    let target = try typed()
    let good = item(9, m: "ok", c: "a", v: "12345", h: "x", e: "a@b")
    try target.apply(
      [
        .upsert(items, item(1, m: "no", c: "a", v: "1", h: "x", e: "a@b")),
        .upsert(items, item(2, m: "ok", c: "a", v: "123456", h: "x", e: "a@b")),
        .upsert(items, item(3, m: "ok", c: "a", v: "1", h: "vwxyz", e: "a@b")),
        .upsert(items, item(4, m: "ok", c: "a", v: "1", h: "x", e: "b")), .upsert(items, good),
      ], by: route)
    #expect(try rows(target) == [good])
    #expect(try target.quarantine().map { $0[0] } == ["1", "2", "3", "4"])
    #expect(
      try target.quarantine().last?[2] == "refused by PostgreSQL with SQLSTATE 23514 (constraint email_check)")
  }

  @Test func `a COPY brings them too, and past those that are refused`() throws {
    let target = try typed()
    var sink = try target.sink(items)
    let good = item(1, m: "ok", c: "Ab", v: "12345", h: "x", e: "a@b")
    let images = [
      good, item(2, m: "no", c: "a", v: "1", h: "x", e: "a@b"), item(3, m: "ok", c: "a", v: "1", h: "x", e: "b"),
      item(4, m: "ok", c: "ab", v: "", h: "", e: "@"),
    ]
    try target.copy(images, with: &sink)
    let wasCareful = sink.isCareful
    #expect(wasCareful)
    #expect(try rows(target) == [good, images[3]])
    #expect(try target.quarantine().map { $0[0] } == ["2", "3"])
    // Nothing was refused this time.
    let last = item(5, m: "ok", c: "", v: "", h: "", e: "@")
    try target.copy([last], with: &sink)
    let (isCareful, progress) = (sink.isCareful, sink.progress)
    #expect(!isCareful)
    #expect(progress.rows == 5)
    #expect(try rows(target) == [good, images[3], last])
  }

  // MARK: Keys

  /// One ICU collation stands in every catalogue; only a server built with ICU brings those of the languages.
  private func hasICU() throws -> Bool {
    try Target(items).scalar("SELECT count(*) FROM pg_collation WHERE collname LIKE '%-x-icu'") != .integer(0)
  }

  private let names = table(
    "names", [column("k", "TEXT", notNull: true), column("v", "INT")], key: .columns([term("k")]),
    indexes: [primaryKey("k")])

  /// The user's own key: a delete finds the row that has it byte for byte, and no other.
  @Test(arguments: Route.allCases, ["citext", "char", "collation", "varchar", "domain", "enumeration"])
  func `a key of a looser type is matched byte for byte`(_ route: Route, _ kind: String) throws {
    let isLoose = ["char", "collation"].contains(kind)
    if isLoose, try !hasICU() {
      print("skipped for \(kind): this server is built without ICU")
      return
    }
    let target = try Target(before: { schema in
      """
      SELECT pg_advisory_xact_lock(1); CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
      CREATE TYPE \(schema).mood AS ENUM ('ab', 'cd');
      CREATE DOMAIN \(schema).word AS text CHECK (VALUE <> 'AB')
      """
        + (isLoose
          ? ";\nCREATE COLLATION \(schema).loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
          : "")
    }) { schema in
      let key =
        switch kind {
        case "citext": planned("k", .citext, as: "public.citext", notNull: true)
        case "char": planned("k", .char(4), as: "char(4) COLLATE \(schema).loose", notNull: true)
        case "collation": planned("k", .text, as: "text COLLATE \(schema).loose", notNull: true)
        case "varchar": planned("k", .varchar(4), as: "varchar(4) COLLATE \"POSIX\"", notNull: true)
        case "domain": planned("k", .text, as: "\(schema).word", notNull: true)
        default: planned("k", .enumeration, as: "\(schema).mood", notNull: true)
        }
      return TargetPlan(schema: schema, tables: [planned(names, [key, planned("v", .bigint)])])
    }
    try target.apply([.upsert(names, [.text("ab"), .one]), .upsert(names, [.text("cd"), .two])], by: route)
    try target.apply(
      [
        .delete(names, [.text("AB")]), .delete(names, [.text("abcde")]), .delete(names, [.text("cd")]),
        .upsert(names, [.text("ab"), .three]),
      ], by: route)
    #expect(try target.values("SELECT k::text, v FROM \(target.name(names))") == [[.text("ab"), .three]])
    try target.apply(
      target.write(
        parts: [[.upsert(names, [.text("ab"), .one])], [.delete(names, [.text("ab")])]], keysMayRepeat: true))
    #expect(try target.values("SELECT k::text, v FROM \(target.name(names))").isEmpty)
  }

  // MARK: Columns that are not ours to write

  private let sums = table(
    "sums", [id, column("a", "INT"), column("twice", "INT", generated: "a * 2"), column("b", "TEXT")])

  private func withSum() throws -> Target {
    try Target { schema in
      TargetPlan(
        schema: schema,
        tables: [
          planned(
            sums,
            [
              planned("id", .bigint, notNull: true), planned("a", .bigint),
              planned("twice", .bigint, notNull: true, generated: "a * 2"), planned("b", .text),
            ])
        ])
    }
  }

  /// The image carries the column as the source computed it; the target computes its own.
  @Test func `generated columns are computed by the target`() throws {
    let target = try withSum()
    func image(_ id: Int64, _ a: Int64, _ twice: Value, _ b: String) -> [Value] {
      [.integer(id), .integer(a), twice, .text(b)]
    }
    try target.apply([.upsert(sums, image(1, 5, .integer(10), "x"))], by: .small)
    try target.apply([.upsert(sums, image(2, 6, .text("no number"), "y"))], by: .staged)
    var sink = try target.sink(sums)
    try target.copy([image(3, 7, .null, "z")], with: &sink)
    let expected = [
      image(1, 5, .integer(10), "x"), image(2, 6, .integer(12), "y"), image(3, 7, .integer(14), "z"),
    ]
    #expect(try target.rows(sums) == expected)
    let before = try target.values("SELECT id, xmin::text FROM \(target.name(sums)) ORDER BY id")
    for route in Route.allCases { try target.apply(expected.map { .upsert(sums, $0) }, by: route) }
    #expect(try target.values("SELECT id, xmin::text FROM \(target.name(sums)) ORDER BY id") == before)
    try target.apply([.upsert(sums, image(1, 8, .integer(16), "x")), .delete(sums, [.two])], by: .staged)
    #expect(try target.rows(sums) == [image(1, 8, .integer(16), "x"), expected[2]])
  }

  @Test(arguments: Route.allCases)
  func `columns that the user added keep their defaults and values`(_ route: Route) throws {
    let target = try withSum()
    let name = target.name(sums)
    try target.run("ALTER TABLE \(name) ADD note text NOT NULL DEFAULT 'new', ADD number serial")
    func image(_ id: Int64, _ b: String) -> [Value] { [.integer(id), .one, .two, .text(b)] }
    try target.apply([.upsert(sums, image(1, "x")), .upsert(sums, image(2, "x"))], by: route)
    try target.run("BEGIN; SET LOCAL changeover.apply = 'on'; UPDATE \(name) SET note = 'mine' WHERE id = 1; COMMIT")
    let before = try target.values("SELECT xmin::text FROM \(name) ORDER BY id")
    try target.apply([.upsert(sums, image(1, "x")), .upsert(sums, image(2, "x"))], by: route)
    #expect(try target.values("SELECT xmin::text FROM \(name) ORDER BY id") == before)
    try target.apply([.upsert(sums, image(1, "y"))], by: route)
    #expect(
      try target.values("SELECT b, note FROM \(name) ORDER BY id") == [
        [.text("y"), .text("mine")], [.text("x"), .text("new")],
      ])
    #expect(try target.scalar("SELECT number::bigint FROM \(name) WHERE id = 1") == .one)
  }
}
