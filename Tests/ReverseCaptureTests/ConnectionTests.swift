import Apply
import Journal
import Model
import Postgres
import ReverseCapture
import SchemaFixtures
import ServerFixtures
import TestSupport
import Testing

/// Roles without much power, and poolers; case 38.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct ConnectionTests {
  private let items = table("items", [id, column("a", "TEXT")])

  @Test func `a role that owns no more than its schema drains, and rows that are hidden from it pause their table`()
    throws
  {
    let role = try Role(settings: ["statement_timeout = '3s'"])
    let authority = try Authority(items, url: TestServer.uri(user: role.name))
    let name = authority.name(items)
    try authority.run("INSERT INTO \(name) VALUES (1, 'a'), (2, 'b')")
    try authority.capture()
    #expect(try authority.isMirrored(items))
    try authority.run("ALTER TABLE \(name) ENABLE ROW LEVEL SECURITY; UPDATE \(name) SET a = 'c'")
    try authority.capture()
    #expect(try authority.isMirrored(items))
    try authority.run("ALTER TABLE \(name) FORCE ROW LEVEL SECURITY; UPDATE \(name) SET a = 'd'")
    #expect(try authority.capture() == nil)
    #expect(authority.deviations == ["table 'items' has row security that hides rows from changeover's role"])
    #expect(authority.mirror["items"].count == 2)
    try authority.run("ALTER TABLE \(name) NO FORCE ROW LEVEL SECURITY")
    try authority.restart()
    try authority.capture()
    #expect(try authority.isMirrored(items))
  }

  @Test func `the application's role needs no right on the log, and row security does not stop it`() throws {
    let role = try Role()
    let authority = try Authority(items)
    let name = authority.name(items)
    try authority.run(
      """
      GRANT USAGE ON SCHEMA \(authority.schema) TO \(role.name); GRANT ALL ON \(name) TO \(role.name);
      ALTER TABLE \(name) ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON \(name) USING (id > 0)
      """)
    var writer = try TestServer.connect(TestServer.uri(user: role.name))
    try writer.execute("INSERT INTO \(name) VALUES (1, 'a'), (2, 'b'); UPDATE \(name) SET a = 'c' WHERE id = 2")
    try writer.execute("TRUNCATE \(name); INSERT INTO \(name) VALUES (3, 'c')")
    try authority.capture()
    #expect(try authority.isMirrored(items))
  }

  @Test(.enabled(if: Pooler.isThere, "pgbouncer is not installed, or the server is not of scripts/with-postgres"))
  func `PgBouncer in transaction mode`() throws {
    let role = try Role(settings: ["statement_timeout = '3s'", "lock_timeout = '1s'"])
    let authorities = try (0..<5).map { _ in try Authority(items, url: Pooler.uri(user: role.name)) }
    for round in 1...20 {
      for authority in authorities {
        try authority.run(
          "INSERT INTO \(authority.name(items)) VALUES (\(round), 'a'); UPDATE \(authority.name(items)) SET a = '\(round)'"
        )
        #expect(try authority.hasNews())
        try authority.capture()
        #expect(try !authority.hasNews())
      }
    }
    for authority in authorities { #expect(try authority.isMirrored(items)) }
  }
}
