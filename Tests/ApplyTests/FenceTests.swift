import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

/// Case 44: an early writer on the target.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct FenceTests {
  private let items = table("items", [id, column("a", "TEXT")])

  private func writes(_ name: String) -> [String] {
    [
      "INSERT INTO \(name) VALUES (1, 'a')", "INSERT INTO \(name) VALUES (1, 'a') ON CONFLICT DO NOTHING",
      "UPDATE \(name) SET a = 'b' WHERE false", "DELETE FROM \(name)", "TRUNCATE \(name)",
      "WITH w AS (INSERT INTO \(name) VALUES (1, 'a') RETURNING id) SELECT * FROM w",
      "MERGE INTO \(name) AS t USING (SELECT 1 AS id) AS s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (1, 'a')",
    ]
  }

  private func expectClosed(_ target: Target, _ connection: inout Connection) throws {
    for statement in writes(target.name(items)) {
      guard case .server(let error)? = try postgresError({ try connection.execute(statement) }) else {
        Issue.record("\(statement) passed")
        continue
      }
      #expect(error.sqlState == "CO002")
      #expect(error.message.hasPrefix("table items is closed: changeover is filling it from SQLite"))
      #expect(error.hint == "Run changeover cutover to switch to PostgreSQL.")
    }
    let copied = try postgresError {
      try connection.copyIn("COPY \(target.name(items)) FROM STDIN")
      try Array("1\ta\n".utf8).withUnsafeBytes { try connection.putCopy($0) }
      _ = try connection.endCopy()
    }
    #expect(copied?.sqlState == "CO002")
  }

  @Test func `nobody writes to a target that follows, neither its owner nor a superuser`() throws {
    let role = try Role()
    let target = try Target(items, url: TestServer.uri(user: role.name))
    try expectClosed(target, &target.connection)
    var admin = try TestServer.connect()
    try expectClosed(target, &admin)
    #expect(try target.rows(items).isEmpty)
  }

  @Test func `it is closed from its creation on`() throws {
    let target = try Target([Planner.Input(items)], isReady: false)
    try expectClosed(target, &target.connection)
  }

  /// Replication roles pass ordinary triggers.
  @Test func `it stays closed for a session that replicates`() throws {
    let target = try Target(items)
    try target.run("SET session_replication_role = replica")
    try expectClosed(target, &target.connection)
  }

  @Test func `our own transactions pass, and only they`() throws {
    let target = try Target(items)
    let name = target.name(items)
    try target.run("BEGIN; SET LOCAL changeover.apply = 'on'; INSERT INTO \(name) VALUES (1, 'a'); COMMIT")
    #expect(try target.rows(items) == [[.one, .text("a")]])
    try expectClosed(target, &target.connection)
    for value in ["off", "", "true", "ON"] {
      let error = try postgresError {
        try target.run("BEGIN; SET LOCAL changeover.apply = '\(value)'; DELETE FROM \(name)")
      }
      #expect(error?.sqlState == "CO002")
      try target.run("ROLLBACK")
    }
    try target.apply([.delete(items, [.one])])
    try expectClosed(target, &target.connection)
  }

  @Test func `reading is free`() throws {
    let target = try Target(items)
    try target.run("SELECT * FROM \(target.name(items)); LOCK TABLE \(target.name(items)) IN ACCESS SHARE MODE")
  }
}
