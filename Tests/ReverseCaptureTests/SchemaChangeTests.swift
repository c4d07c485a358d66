import Apply
import Journal
import Model
import Postgres
import ReverseCapture
import Schema
import SchemaFixtures
import ServerFixtures
import TestSupport
import Testing

/// DDL on the target after the switch: noticed, named, and nothing lost; case 48.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct SchemaChangeTests {
  private let items = table("items", [id, column("a", "TEXT"), column("n", "INT")])
  private let others = table("others", [id, column("a", "TEXT")], id: 2)

  /// Both tables with rows that are captured already.
  private func authority() throws -> Authority {
    let authority = try Authority(items, others)
    try authority.run(
      """
      INSERT INTO \(authority.name(items)) VALUES (1, 'a', 1), (2, 'b', 2);
      INSERT INTO \(authority.name(others)) VALUES (1, 'a')
      """)
    try authority.capture()
    return authority
  }

  @Test func `a column that is dropped keeps its values in the source`() throws {
    let authority = try authority()
    let before = authority.mirror["items"]
    try authority.run(
      "ALTER TABLE \(authority.name(items)) DROP a; UPDATE \(authority.name(items)) SET n = 9 WHERE id = 1")
    try authority.capture()
    #expect(authority.deviations == ["table 'items', column 'a' was dropped: its values in SQLite stay as they are"])
    #expect(authority.mirror["items"].mapValues { $0["a"] } == before.mapValues { $0["a"] })
    #expect(authority.mirror["items"] != before)
    // It is known to the next process too.
    try authority.restart()
    try authority.run("UPDATE \(authority.name(items)) SET n = 10")
    try authority.capture()
    #expect(authority.deviations.count == 1)
  }

  @Test func `a column, a table and an heir that are new are named`() throws {
    let authority = try authority()
    try authority.run(
      """
      ALTER TABLE \(authority.name(items)) ADD "more" int NOT NULL DEFAULT 1;
      CREATE TABLE \(authority.schema).fresh (a int);
      CREATE TABLE \(authority.schema).heir () INHERITS (\(authority.name(others)));
      INSERT INTO \(authority.name(items)) VALUES (3, 'c', 3, 3)
      """)
    try authority.capture()
    #expect(
      Set(authority.deviations) == [
        "table 'items', column 'more' was added after the switch: SQLite does not have it",
        "table 'fresh' was created after the switch: SQLite does not have it",
        "table 'heir' was created after the switch: SQLite does not have it",
        "table 'others' has tables that inherit from it: their rows do not go back",
      ])
    #expect(try authority.isMirrored(items))
    try authority.run("DROP TABLE \(authority.schema).fresh, \(authority.schema).heir")
    try authority.run("ALTER TABLE \(authority.name(items)) DROP \"more\"")
    try authority.capture()
    #expect(authority.deviations.isEmpty)
  }

  @Test func `a column and a table under another name go on`() throws {
    let authority = try authority()
    try authority.run(
      """
      ALTER TABLE \(authority.name(items)) RENAME a TO title; ALTER TABLE \(authority.name(items)) RENAME TO things;
      INSERT INTO \(authority.schema).things VALUES (3, 'c', 3); UPDATE \(authority.schema).things SET title = 'x' WHERE id = 1
      """)
    try authority.capture()
    #expect(
      Set(authority.deviations) == [
        "table 'items', column 'a' is called 'title' by now: in SQLite it keeps its name",
        "table 'items' is called 'things' by now: in SQLite it keeps its name",
      ])
    try authority.run(
      "ALTER TABLE \(authority.schema).things RENAME TO items; ALTER TABLE \(authority.name(items)) RENAME title TO a")
    try authority.capture()
    #expect(try authority.isMirrored(items))
    #expect(authority.deviations.isEmpty)
  }

  @Test func `a key column under another name makes no write fail, and no row is missed`() throws {
    let authority = try authority()
    try authority.run(
      """
      ALTER TABLE \(authority.name(items)) RENAME id TO number;
      INSERT INTO \(authority.name(items)) VALUES (3, 'c', 3); UPDATE \(authority.name(items)) SET n = 7 WHERE number = 1;
      DELETE FROM \(authority.name(items)) WHERE number = 2
      """)
    try authority.capture()
    #expect(
      authority.deviations == ["table 'items', column 'id' is called 'number' by now: in SQLite it keeps its name"])
    // From here on the keys are logged again.
    try authority.run("UPDATE \(authority.name(items)) SET number = 8 WHERE number = 3")
    let operations = try authority.connection.query("SELECT op, k0 FROM \(authority.log(items)) ORDER BY k0")
    #expect(try operations.rowCount == 2 && operations.int64(0, 1) == 3 && operations.int64(1, 1) == 8)
    try authority.capture()
    try authority.run(
      "ALTER TABLE \(authority.name(items)) RENAME number TO id; DELETE FROM \(authority.name(items)) WHERE id = 8")
    try authority.capture()
    #expect(try authority.isMirrored(items))
    #expect(authority.mirror["items"].count == 1)
  }

  @Test func `another type pauses the table and keeps its log, the others go on`() throws {
    let authority = try authority()
    try authority.run(
      """
      ALTER TABLE \(authority.name(items)) ALTER n TYPE text; UPDATE \(authority.name(items)) SET n = 'many';
      INSERT INTO \(authority.name(others)) VALUES (2, 'b')
      """)
    #expect(try authority.capture()?.changes == 1)
    #expect(authority.deviations == ["table 'items' has another type in column 'n'"])
    #expect(try authority.isMirrored(others))
    #expect(try authority.pending == 2)
    #expect(try !authority.hasNews())
    // What was rewritten without a trigger is read with the rest once the type is back.
    try authority.run("ALTER TABLE \(authority.name(items)) ALTER n TYPE bigint USING 5")
    try authority.restart()
    try authority.capture()
    #expect(try authority.isMirrored(items))
    #expect(authority.deviations.isEmpty)
    #expect(try authority.pending == 0)
  }

  @Test func `a key of another type makes no write fail`() throws {
    let authority = try authority()
    try authority.run(
      """
      ALTER TABLE \(authority.name(items)) ALTER id DROP IDENTITY; ALTER TABLE \(authority.name(items)) ALTER id TYPE text;
      INSERT INTO \(authority.name(items)) VALUES ('words', 'c', 3)
      """)
    try authority.capture()
    #expect(authority.deviations == ["table 'items' has another type in column 'id'"])
  }

  @Test func `limits that were rewritten bring all rows`() throws {
    let prices = table("prices", [id, column("p", "DECIMAL(10,4)")])
    let authority = try Authority { schema in
      var plan = Planner.plan([Planner.Input(prices)], schema: schema)
      plan.tables[0].columns[1].type = .numeric(nil)
      return plan
    }
    try authority.run("INSERT INTO \(authority.name(prices)) VALUES (1, 1.2345), (2, 2.3456)")
    try authority.capture()
    try authority.run("ALTER TABLE \(authority.name(prices)) ALTER p TYPE numeric(10, 2)")
    #expect(try authority.capture()?.changes == 0)
    #expect(try authority.isMirrored(prices))
    #expect(try authority.capture() == nil)
  }

  @Test(
    arguments: [
      ("DROP TRIGGER _changeover_capture ON", "", "lost the triggers that record its writes, or had them disabled"),
      ("ALTER TABLE", "DISABLE TRIGGER ALL", "lost the triggers that record its writes, or had them disabled"),
      ("ALTER TABLE", "FORCE ROW LEVEL SECURITY", nil),
      ("ALTER TABLE", "DROP CONSTRAINT items_pkey", "has no UNIQUE index over its key any more"),
      ("DROP TABLE", "", "was dropped: its rows in SQLite stay as they are"),
      ("ALTER TABLE", "DROP id", "lost its key column 'id'"),
    ] as [(String, String, String?)])
  func `what can no longer be drained is paused with its reason`(before: String, after: String, reason: String?) throws
  {
    let authority = try authority()
    try authority.run(
      """
      INSERT INTO \(authority.name(items)) VALUES (9, 'i', 9); \(before) \(authority.name(items)) \(after);
      INSERT INTO \(authority.name(others)) VALUES (9, 'o')
      """)
    try authority.capture()
    #expect(authority.deviations == (reason.map { ["table 'items' \($0)"] } ?? []))
    #expect(try authority.isMirrored(others))
  }

  /// The application's write does not fail, and nobody takes the rest for complete.
  @Test func `a log that was dropped`() throws {
    let authority = try authority()
    try authority.run("DROP TABLE \(authority.log(items))")
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (3, 'c', 3); TRUNCATE \(authority.name(others))")
    try authority.capture()
    #expect(authority.deviations == ["table 'items' lost the table that its writes are recorded in"])
    #expect(try authority.isMirrored(others))
    #expect(try authority.pending == 0)
  }

  @Test func `all rows of a table come when they are asked for`() throws {
    let authority = try authority()
    try authority.run(
      "SET changeover.apply = 'on'; INSERT INTO \(authority.name(items)) VALUES (7, 'unseen', 7); RESET changeover.apply"
    )
    #expect(try authority.capture() == nil)
    try authority.request(items)
    #expect(try authority.capture()?.changes == 1)
    #expect(try authority.isMirrored(items))
  }
}
