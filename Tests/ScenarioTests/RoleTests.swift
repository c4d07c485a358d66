import Glibc
import TestSupport
import Testing

/// Ordinary roles, and a pooler in between (case 38).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct RoleTests {
  @Test func `a role that only owns its schema is enough, under the host's timeouts`() throws {
    try Scenario.run { it in
      let role = "role_\(it.database)"
      try it.psql(
        """
        CREATE ROLE \(role) LOGIN PASSWORD 'p'; CREATE SCHEMA own AUTHORIZATION \(role);
        ALTER ROLE \(role) SET search_path = own; ALTER ROLE \(role) SET statement_timeout = '2s';
        ALTER ROLE \(role) SET lock_timeout = '500ms'; ALTER ROLE \(role) SET idle_in_transaction_session_timeout = '1s';
        ALTER ROLE \(role) SET default_transaction_isolation = 'serializable'; ALTER ROLE \(role) SET timezone = 'Asia/Tokyo';
        ALTER ROLE \(role) SET synchronous_commit = off; ALTER ROLE \(role) SET bytea_output = 'escape';
        ALTER ROLE \(role) SET standard_conforming_strings = off; ALTER ROLE \(role) SET client_min_messages = debug1;
        """)
      defer { _ = try? it.server.psql("DROP OWNED BY \(role); DROP ROLE \(role)", database: it.database) }
      it.url = it.server.url(database: it.database, user: role, password: "p")
      try it.createWritersTables(rows: 200)
      let writer = try it.startWriter(rate: 300)
      let sync = try it.startStreaming()
      try writer.waitFor(200, since: writer.acknowledged)
      try writer.finish()
      try it.waitUntilCaughtUp()
      try it.expectEqual(schema: "own")
      try it.expectVerified()
      #expect(try sync.stop() == 0)
      #expect(!sync.errors.contains("warning"), "\(sync.errors)")
    }
  }

  @Test func `the catalogue of another role is left alone`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 20)
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      let role = "role_\(it.database)"
      try it.psql(
        "CREATE ROLE \(role) LOGIN PASSWORD 'p'; CREATE SCHEMA own AUTHORIZATION \(role); ALTER ROLE \(role) SET search_path = own"
      )
      defer { _ = try? it.server.psql("DROP OWNED BY \(role); DROP ROLE \(role)", database: it.database) }
      it.source = it.directory + "/second.db"
      it.url = it.server.url(database: it.database, user: role, password: "p")
      try it.createWritersTables(rows: 30)
      let second = try it.changeover("sync", "--until-caught-up")
      #expect(second.status == 0, "\(second.errors)")
      try it.expectEqual(schema: "own")
      #expect(try it.lag().changes == 0)
    }
  }

  @Test func `nobody but us writes to the target while it follows`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 20)
      let sync = try it.startStreaming()
      for statement in [
        "INSERT INTO slot VALUES (1000, 1000, 'x')", "UPDATE slot SET holder = 'x'", "DELETE FROM slot",
        "TRUNCATE slot",
      ] {
        #expect(throws: Program.Failed.self, "\(statement)") { try it.psql(statement) }
      }
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test(.enabled(if: Pooler.isPossible, "there is no pgbouncer"))
  func `through PgBouncer in transaction mode`() throws {
    try Scenario.run { it in
      let pooler = try Pooler(in: it)
      it.url = pooler.url
      try it.createWritersTables(rows: 300)
      let writer = try it.startWriter(rate: 300)
      var sync = try it.startStreaming()
      try writer.waitFor(100, since: writer.acknowledged)
      sync.kill()
      sync = try it.startStreaming()
      try writer.waitFor(100, since: writer.acknowledged)
      // Two at a time through a pooler: ownership does not rest on sessions.
      let other = try it.changeover("sync", "--state", it.directory + "/other")
      #expect(other.status == 75, "\(other.errors)")
      try pooler.restart()
      try writer.waitFor(100, since: writer.acknowledged)
      try writer.finish()
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}

/// A PgBouncer of the test's own in front of the scenario's database.
final class Pooler {
  static let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].first { Files.exists($0) }
  static var isPossible: Bool { program != nil }

  let url: String
  private let scenario: Scenario
  private var process: ChildProcess

  init(in scenario: Scenario) throws {
    self.scenario = scenario
    let port = Int.random(in: 12_000..<20_000)
    try Files.write(
      """
      [databases]
      \(scenario.database) = host=\(scenario.server.host) port=\(scenario.server.port) user=\(scenario.server.user)
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = \(port)
      unix_socket_dir =
      auth_type = any
      pool_mode = transaction
      default_pool_size = 5
      ignore_startup_parameters = extra_float_digits,options
      """, to: scenario.directory + "/pgbouncer.ini")
    chmod(scenario.directory, 0o755)
    url = "postgresql://\(scenario.server.user)@127.0.0.1:\(port)/\(scenario.database)"
    process = try Self.start(scenario)
    try waitUntilUp()
  }

  func restart() throws {
    process.kill()
    process = try Self.start(scenario)
    try waitUntilUp()
  }

  private static func start(_ scenario: Scenario) throws -> ChildProcess {
    // Not runuser, which would stay in between and survive as another process.
    let account = Scenario.isRoot ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
    return try scenario.spawn(account + [program ?? "pgbouncer", scenario.directory + "/pgbouncer.ini"])
  }

  private func waitUntilUp() throws {
    try Waiting.until("PgBouncer answers", seconds: 10, details: { process.everythingSaid }) {
      (try? scenario.server.psql("SELECT 1", url: url)) == "1"
    }
  }
}
