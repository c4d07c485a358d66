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

/// From the logs into the journal; cases 45 and 48.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct DrainTests {
  private let items = table("items", [id, column("a", "TEXT"), column("n", "INT")])
  private let pairs = table(
    "Pairs", [column("v", "INT"), column("b", "TEXT"), column("a", "INT"), column("c", "REAL"), column("d", "BLOB")],
    key: .columns([term("a"), term("b"), term("c"), term("d")]), indexes: [primaryKey("a", "b", "c", "d")], id: 2)
  private let notes = table("no|te's \"x\"", [column("text {log}", "TEXT")], key: .rowid(alias: "rowid"), id: 3)

  private func authority() throws -> Authority { try Authority(items, pairs, notes) }

  private func fill(_ authority: Authority) throws {
    try authority.run(
      """
      INSERT INTO \(authority.name(items)) VALUES (1, 'one', 1), (2, 'two', NULL), (3, '', -3);
      INSERT INTO \(authority.name(pairs)) VALUES (1, 'x', 1, 0.5, '\\x01'), (1, 'y', 2, '-0', '\\x');
      INSERT INTO \(authority.name(notes)) VALUES ('a'), ('a'), (NULL)
      """)
  }

  private func isMirrored(_ authority: Authority) throws -> Bool {
    try [items, pairs, notes].allSatisfy { try authority.isMirrored($0) }
  }

  @Test func `what was written becomes one group with the current rows, and the logs are empty after it`() throws {
    let authority = try authority()
    try fill(authority)
    try authority.run(
      "UPDATE \(authority.name(items)) SET n = n + 1; DELETE FROM \(authority.name(items)) WHERE id = 2")
    #expect(try authority.pending == 12)
    #expect(try authority.hasNews())
    let captured = try #require(try authority.capture())
    #expect(captured.changes == 12)
    #expect(captured.position.group == GroupNumber(1) && captured.position.sequence == ChangeNumber(13))
    #expect(try isMirrored(authority))
    #expect(try authority.pending == 0)
    #expect(try !authority.hasNews())
    #expect(try authority.capture() == nil)
    let header = try authority.journal.header(of: BatchName(group: GroupNumber(1), part: 0))
    #expect(header.direction == .reverse && header.after == ChangeNumber(1) && header.source == authority.source)
    #expect(
      try SourceRecord.read(authority.source, authority.catalogue, &authority.connection)?.captured == captured.position
    )
  }

  @Test func `keys that move, come back and change places`() throws {
    let authority = try authority()
    try fill(authority)
    try authority.capture()
    try authority.run(
      """
      UPDATE \(authority.name(items)) SET id = id + 10;
      UPDATE \(authority.name(pairs)) SET a = 7 WHERE b = 'x';
      UPDATE \(authority.name(pairs)) SET c = 0 WHERE b = 'y';
      DELETE FROM \(authority.name(items)) WHERE id = 11;
      INSERT INTO \(authority.name(items)) VALUES (1, 'again', 1), (11, 'again', 2);
      INSERT INTO \(authority.name(items)) VALUES (11, 'x', 5) ON CONFLICT (id) DO UPDATE SET n = 5
      """)
    try authority.capture()
    #expect(try isMirrored(authority))
    // 0 and −0 are one key to a double.
    #expect(authority.mirror["Pairs"].count == 2)
  }

  @Test func `values are those of the types' send functions`() throws {
    let authority = try authority()
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (258, 'é', NULL)")
    try authority.capture()
    let key: Value = .blob([0, 0, 0, 0, 0, 0, 1, 2])
    #expect(authority.mirror["items"] == [[key]: ["id": key, "a": .blob(Array("é".utf8)), "n": .null]])
  }

  /// Case 45.
  @Test func `TRUNCATE replaces the table, with the rows that came after it`() throws {
    let authority = try authority()
    try fill(authority)
    try authority.capture()
    try authority.run(
      """
      BEGIN; INSERT INTO \(authority.name(items)) VALUES (4, 'gone', 4); TRUNCATE \(authority.name(items));
      INSERT INTO \(authority.name(items)) VALUES (5, 'there', 5); COMMIT
      """)
    #expect(try authority.capture()?.changes == 3)
    #expect(try isMirrored(authority))
    try authority.run("TRUNCATE \(authority.name(items)), \(authority.name(pairs)), \(authority.name(notes))")
    try authority.capture()
    #expect(try isMirrored(authority))
    #expect(authority.mirror["items"].isEmpty)
  }

  /// Case 45: reading "sequence greater than the last" would lose the first.
  @Test func `a transaction that commits late is in a later group`() throws {
    let authority = try authority()
    var late = try TestServer.connect()
    try late.execute("BEGIN; INSERT INTO \(authority.name(items)) VALUES (1, 'late', 1)")
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (2, 'early', 2)")
    #expect(try authority.capture()?.changes == 1)
    try late.execute("COMMIT")
    #expect(try authority.capture()?.changes == 1)
    #expect(try isMirrored(authority))
  }

  @Test func `a transaction that is rolled back, in part or wholly, leaves nothing`() throws {
    let authority = try authority()
    try authority.run(
      """
      BEGIN; INSERT INTO \(authority.name(items)) VALUES (1, 'a', 1); SAVEPOINT s;
      INSERT INTO \(authority.name(items)) VALUES (2, 'b', 2); ROLLBACK TO s; COMMIT;
      BEGIN; INSERT INTO \(authority.name(items)) VALUES (3, 'c', 3); ROLLBACK
      """)
    #expect(try authority.capture()?.changes == 1)
    #expect(try isMirrored(authority))
  }

  @Test func `writers of every isolation level, prepared statements, COPY and replicating sessions`() throws {
    let authority = try authority()
    for (number, level) in ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"].enumerated() {
      try authority.run(
        "BEGIN ISOLATION LEVEL \(level); INSERT INTO \(authority.name(items)) VALUES (\(number), '\(level)', 1); COMMIT"
      )
    }
    try authority.run("PREPARE p AS INSERT INTO \(authority.name(items)) VALUES ($1, 'p', 1)")
    for number in 10..<20 {
      try authority.run("EXECUTE p(\(number))")
      try authority.capture()
    }
    try authority.run("SET session_replication_role = replica; DELETE FROM \(authority.name(items)) WHERE id = 10")
    try authority.application.copyIn("COPY \(authority.name(items)) FROM STDIN")
    try Array("30\tc\t\\N\n31\td\t1\n".utf8).withUnsafeBytes { try authority.application.putCopy($0) }
    _ = try authority.application.endCopy()
    try authority.capture()
    #expect(try isMirrored(authority))
  }

  /// A snapshot taken before the lock would show the tables empty; case 48.
  @Test func `tables that are rewritten, truncated and filled while they are drained`() throws {
    let authority = try authority()
    try fill(authority)
    let name = authority.name(items)
    let end = StopSignal()
    let writer = try Background {
      var connection = try TestServer.connect()
      var number = 100
      while !end.isRequested {
        number += 1
        try connection.execute("INSERT INTO \(name) VALUES (\(number), 'w', 1); UPDATE \(name) SET n = \(number)")
        try connection.execute("ALTER TABLE \(name) ALTER a TYPE text COLLATE \"C\" USING a || ''")
        if number % 3 == 0 {
          try connection.execute("BEGIN; TRUNCATE \(name); INSERT INTO \(name) VALUES (1, 't', 1); COMMIT")
        }
      }
    }
    for _ in 0..<60 { try authority.capture() }
    end.request()
    try writer.value()
    try authority.capture()
    #expect(try isMirrored(authority))
    #expect(authority.groups.count > 5)
  }

  @Test func `a table that somebody keeps to himself delays, and loses nothing`() throws {
    let authority = try authority()
    try fill(authority)
    var other = try TestServer.connect()
    try other.execute("BEGIN; LOCK TABLE \(authority.name(pairs)) IN ACCESS EXCLUSIVE MODE")
    #expect(try authority.capture() == nil)
    #expect(try authority.pending == 8)
    try other.execute("COMMIT")
    #expect(try authority.capture()?.changes == 8)
    #expect(try isMirrored(authority))
  }

  @Test func `a large drain comes in several batches of one group`() throws {
    let authority = try authority()
    let name = authority.name(items)
    try authority.run("INSERT INTO \(name) SELECT i, repeat('x', 1000), i FROM generate_series(1, 60000) AS i")
    try authority.run("DELETE FROM \(name) WHERE id % 3 = 0")
    let captured = try #require(try authority.capture())
    #expect(captured.changes == 80_000)
    #expect(try authority.journal.group(captured.position.group)?.parts.count ?? 0 > 3)
    #expect(try isMirrored(authority))
    #expect(try authority.journal.check(source: authority.source).isEmpty)
  }

  @Test func `two spellings of a key, where the type takes them for one`() throws {
    let words = table(
      "words", [column("w", "TEXT", collation: "NOCASE"), column("n", "INT")],
      key: .columns([term("w", "NOCASE")]), indexes: [primaryKey("w")])
    var admin = try TestServer.connect()
    // Tests in one database must not create it at the same time.
    try admin.execute("SELECT pg_advisory_xact_lock(1); CREATE EXTENSION IF NOT EXISTS citext SCHEMA public")
    let authority = try Authority { schema in
      var plan = Planner.plan([Planner.Input(words)], schema: schema)
      plan.tables[0].columns[0].type = .citext
      plan.tables[0].columns[0].typeSQL = "public.citext"
      return plan
    }
    let name = authority.name(words)
    try authority.run("INSERT INTO \(name) VALUES ('abc', 1), ('x', 2)")
    try authority.capture()
    try authority.run("UPDATE \(name) SET w = 'ABC' WHERE w = 'abc'")
    try authority.capture()
    #expect(try authority.isMirrored(words))
  }
}
