import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

/// What the application writes to the target once it is open; case 45.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct ReverseCaptureTests {
  private let pairs = table(
    "Pairs", [column("v", "INT"), column("b", "TEXT"), column("a", "INT"), column("c", "REAL"), column("d", "BLOB")],
    key: .columns([term("a"), term("b"), term("c"), term("d")]), indexes: [primaryKey("a", "b", "c", "d")])

  private func open(_ target: Target) throws {
    for table in target.plan.tables {
      try target.run(
        "ALTER TABLE \(PostgresText.identifier(target.schema, table.targetName)) DISABLE TRIGGER _changeover_fence")
    }
  }

  private func log(_ target: Target, _ table: SourceTable) throws -> [[Value]] {
    // In the order in which they were written, as long as nothing was deleted.
    try target.values("SELECT * FROM \(target.catalogue.log(table.id, of: target.source)) ORDER BY ctid")
  }

  private func key(_ a: Int64, _ b: String) -> [Value] { [.integer(a), .text(b), .real(0.5), .blob([1])] }

  @Test func `every row written is logged by its typed key`() throws {
    let target = try Target(pairs)
    try open(target)
    let name = target.name(pairs)
    try target.run("INSERT INTO \(name) VALUES (1, 'x', 1, 0.5, '\\x01'), (1, 'y', 2, 0.5, '\\x01')")
    try target.run("UPDATE \(name) SET v = 2 WHERE a = 1")
    try target.run("UPDATE \(name) SET a = 3 WHERE a = 2")
    try target.run("DELETE FROM \(name) WHERE a = 3")
    try target.run("INSERT INTO \(name) VALUES (5, 'x', 1, 0.5, '\\x01') ON CONFLICT (a, b, c, d) DO UPDATE SET v = 5")
    #expect(
      try log(target, pairs) == [
        [.one] + key(1, "x"), [.one] + key(2, "y"), [.two] + key(1, "x"), [.two] + key(3, "y"), [.two] + key(2, "y"),
        [.three] + key(3, "y"), [.two] + key(1, "x"),
      ])
    #expect(
      try target.values(
        """
        SELECT format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = '\(target.catalogue.log(pairs.id, of: target.source))'::regclass AND attnum > 0 ORDER BY attnum
        """) == ["smallint", "bigint", "text", "double precision", "bytea"].map { [.text($0)] })
  }

  /// Case 45.
  @Test func `TRUNCATE is logged too`() throws {
    let target = try Target(pairs)
    try open(target)
    try target.run("TRUNCATE \(target.name(pairs))")
    #expect(try log(target, pairs) == [[.integer(4), .null, .null, .null, .null]])
  }

  @Test func `COPY and statements that touch nothing`() throws {
    let target = try Target(pairs)
    try open(target)
    try target.run("UPDATE \(target.name(pairs)) SET v = 1; DELETE FROM \(target.name(pairs))")
    #expect(try log(target, pairs).isEmpty)
    try target.connection.copyIn("COPY \(target.name(pairs)) FROM STDIN")
    try Array("1\tx\t1\t0.5\t\\\\x01\n".utf8).withUnsafeBytes { try target.connection.putCopy($0) }
    _ = try target.connection.endCopy()
    #expect(try log(target, pairs) == [[.one] + key(1, "x")])
  }

  @Test func `what we write ourselves is not logged`() throws {
    let target = try Target(pairs)
    try open(target)
    let image: [Value] = [.one, .text("x"), .one, .real(0.5), .blob([1])]
    try target.apply([.upsert(pairs, image)], by: .small)
    try target.apply([.upsert(pairs, [.two] + image.dropFirst())], by: .staged)
    try target.apply([.delete(pairs, key(1, "x"))], by: .staged)
    try target.run("BEGIN; SET LOCAL changeover.apply = 'on'; TRUNCATE \(target.name(pairs)); COMMIT")
    #expect(try log(target, pairs).isEmpty)
  }

  /// ENABLE ALWAYS.
  @Test func `a session that replicates is logged`() throws {
    let target = try Target(pairs)
    try open(target)
    try target.run("SET session_replication_role = replica")
    try target.run("INSERT INTO \(target.name(pairs)) VALUES (1, 'x', 1, 0.5, '\\x01')")
    try target.run("TRUNCATE \(target.name(pairs))")
    #expect(try log(target, pairs).count == 2)
  }

  /// The function runs with its owner's rights and its own search path.
  @Test func `a role that may only write to the table is logged`() throws {
    let target = try Target(pairs)
    try open(target)
    let role = try Role()
    try target.run(
      """
      GRANT USAGE ON SCHEMA \(target.schema) TO \(role.name);
      GRANT INSERT ON \(target.name(pairs)) TO \(role.name)
      """)
    var connection = try TestServer.connect(TestServer.uri(user: role.name))
    try connection.execute(
      "SET search_path = pg_temp; INSERT INTO \(target.name(pairs)) VALUES (1, 'x', 1, 0.5, '\\x01')")
    #expect(
      try postgresError {
        try connection.execute("SELECT * FROM \(target.catalogue.log(pairs.id, of: target.source))")
      }?.sqlState == "42501")
    #expect(try log(target, pairs).count == 1)
  }

  @Test func `names that need quotes and the hidden key`() throws {
    let odd = table("a\"b {log}", [column("x'y", "TEXT")], key: .rowid(alias: "rowid"))
    let target = try Target(odd)
    try open(target)
    try target.run("INSERT INTO \(target.name(odd)) VALUES ('a')")
    #expect(try log(target, odd) == [[.one, .one]])
  }

  @Test func `a transaction that is rolled back leaves no log`() throws {
    let target = try Target(pairs)
    try open(target)
    try target.run("BEGIN; INSERT INTO \(target.name(pairs)) VALUES (1, 'x', 1, 0.5, '\\x01'); ROLLBACK")
    #expect(try log(target, pairs).isEmpty)
  }
}
