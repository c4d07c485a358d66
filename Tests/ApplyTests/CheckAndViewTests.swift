import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

/// CHECK constraints, partial indexes and views come after the first drain, and never cost rows (case 35).
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct CheckAndViewTests {
  private let items = table("items", [id, column("a", "TEXT"), column("n", "INT")])

  private func target(
    checks: [CheckPlan] = [], indexes: [IndexPlan] = [], views: [ViewPlan] = []
  ) throws -> Target {
    try Target { schema in
      TargetPlan(
        schema: schema,
        tables: [
          planned(
            items, [planned("id", .bigint, notNull: true), planned("a", .text), planned("n", .bigint)],
            indexes: indexes, checks: checks)
        ], views: views)
    }
  }

  private func build(_ target: Target) throws -> [String?] {
    let table = target.plan.tables[0]
    return try table.checks.map { try CheckBuilder.build($0, on: table, of: target.plan, &target.connection) }
  }

  private func buildViews(_ target: Target) throws -> [String?] {
    try target.plan.views.map { try ViewBuilder.build($0, of: target.plan, &target.connection) }
  }

  @Test func `a constraint that the rows meet is added and valid`() throws {
    let target = try target(checks: [CheckPlan(name: "it's \"positive\"", expression: "n > 0 OR n IS NULL")])
    try target.apply([.upsert(items, [.one, .null, .one]), .upsert(items, [.two, .null, .null])])
    // Twice: an earlier run may have ended just after it.
    for _ in 1...2 { #expect(try build(target) == [nil]) }
    #expect(
      try target.values(
        "SELECT conname::text, convalidated FROM pg_constraint WHERE contype = 'c' AND conrelid = '\(target.name(items))'::regclass"
      )
        == [[.text("it's \"positive\""), .one]])
  }

  @Test func `a constraint that rows do not meet, or that PostgreSQL does not understand, is left out`() throws {
    let target = try target(checks: [
      CheckPlan(name: "positive", expression: "n > 0"), CheckPlan(name: "nonsense", expression: "nonsense(n)"),
      CheckPlan(name: "zero", expression: "1 / n > 0"), CheckPlan(name: "good", expression: "n < 5"),
    ])
    try target.apply([.upsert(items, [.one, .null, .integer(0)])])
    let notes = try build(target)
    #expect(notes[0] == "CHECK 'positive' of 'items' is left out: there are rows that do not meet it")
    #expect(
      notes[1]?.hasPrefix("CHECK 'nonsense' of 'items' is left out: function nonsense(bigint) does not exist") == true)
    #expect(notes[2] == "CHECK 'zero' of 'items' is left out: there are rows that do not meet it")
    #expect(notes[3] == nil)
    #expect(
      try target.values(
        "SELECT conname::text FROM pg_constraint WHERE contype = 'c' AND conrelid = '\(target.name(items))'::regclass")
        == [[.text("good")]])
    try target.apply([.upsert(items, [.two, .null, .integer(-1)])])
    #expect(try target.quarantine().isEmpty)
  }

  @Test func `a partial index takes only the rows of its predicate`() throws {
    let target = try target(indexes: [IndexPlan(name: "open", isUnique: true, terms: "a", predicate: "n = 0")])
    try target.apply([
      .upsert(items, [.one, .text("x"), .one]), .upsert(items, [.two, .text("x"), .integer(0)]),
      .upsert(items, [.three, .text("x"), .one]),
    ])
    #expect(try target.quarantine().isEmpty)
    try target.apply([.upsert(items, [.integer(4), .text("x"), .integer(0)])])
    #expect(try target.quarantine().map { $0[0] } == ["4"])
  }

  @Test func `views are created in order, and one that is refused is left out with those that read it`() throws {
    let target = try target(views: [
      ViewPlan(sourceName: "plain", targetName: "plain", columns: ["Key", "n"], query: "SELECT id, n FROM items"),
      ViewPlan(sourceName: "above", targetName: "above", columns: [], query: "SELECT \"Key\" FROM plain WHERE n > 0"),
      ViewPlan(sourceName: "bad", targetName: "bad", columns: ["x"], query: "SELECT nonsense(n) FROM items"),
      ViewPlan(sourceName: "worse", targetName: "worse", columns: ["x"], query: "SELECT x FROM bad"),
      ViewPlan(sourceName: "last", targetName: "last", columns: ["c"], query: "SELECT count(*) FROM items"),
    ])
    try target.apply([.upsert(items, [.one, .null, .one])])
    for _ in 1...2 {
      let notes = try buildViews(target)
      #expect(notes.map { $0 == nil } == [true, true, false, false, true], "\(notes)")
      #expect(notes[2]?.hasPrefix("view 'bad' is left out: function nonsense(bigint) does not exist") == true)
      #expect(notes[3]?.hasPrefix("view 'worse' is left out: relation \"bad\" does not exist") == true)
    }
    #expect(try target.values("SELECT \"Key\" FROM \(target.schema).above") == [[.one]])
    // What the user made in place of the one left out is the user's.
    try target.run("CREATE VIEW \(target.schema).bad AS SELECT 1 AS x")
    target.record.phase = .syncing
    try TargetInstaller.remove(target.record, target.catalogue, &target.connection)
    #expect(
      try target.values("SELECT viewname::text FROM pg_views WHERE schemaname = '\(target.schema)'") == [[.text("bad")]]
    )
  }

  @Test func `the name of a view must be free`() throws {
    let plan = TargetPlan(
      schema: "public", tables: [],
      views: [ViewPlan(sourceName: "v", targetName: "taken by a table", columns: [], query: "SELECT 1")])
    var connection = try TestServer.connect()
    try connection.execute("CREATE TABLE IF NOT EXISTS \"taken by a table\" ()")
    let refusal = try failure { try TargetInstaller.checkIsFree(plan, &connection) }
    #expect(refusal?.message == "the target already has a table 'taken by a table' in schema 'public'")
    try connection.execute("DROP TABLE \"taken by a table\"")
  }
}
