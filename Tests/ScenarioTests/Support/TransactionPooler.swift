import Glibc
import TestSupport

/// PgBouncer in transaction mode before a server, for one scenario.
final class TransactionPooler {
  private static let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]
    .first { (path: String) in access(path, X_OK) == 0 }
  static let isPossible = program != nil && Server.shared != nil

  private let scenario: Scenario
  private let port: Int
  private let configuration: String
  private var process: ChildProcess

  init(before server: Server, in scenario: Scenario) throws {
    self.scenario = scenario
    // Below the range of outgoing connections.
    port = Int.random(in: 10_000..<12_000)
    let directory = scenario.directory + "/pooler"
    mkdir(directory, 0o755)
    chmod(scenario.directory, 0o755)
    configuration = directory + "/pgbouncer.ini"
    try Files.write("\"postgres\" \"\"\n", to: directory + "/users.txt")
    try Files.write(
      """
      [databases]
      * = host=\(server.host) port=\(server.port)
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = \(port)
      auth_type = trust
      auth_file = \(directory)/users.txt
      pool_mode = transaction
      default_pool_size = 3
      unix_socket_dir =
      """, to: configuration)
    process = try Self.start(configuration, in: scenario)
    try waitUntilItAnswers()
  }

  func url(database: String) -> String { "postgresql://postgres@127.0.0.1:\(port)/\(database)" }

  func restart() throws {
    process.kill()
    process = try Self.start(configuration, in: scenario)
    try waitUntilItAnswers()
  }

  private static func start(_ configuration: String, in scenario: Scenario) throws -> ChildProcess {
    // It refuses to run as root.
    let account = Variables["CHANGEOVER_TEST_PGACCOUNT"] ?? ""
    let prefix =
      account.isEmpty ? [] : ["setpriv", "--reuid=\(account)", "--regid=\(account)", "--clear-groups", "--"]
    return try scenario.spawn(prefix + [program ?? "pgbouncer", "-q", configuration])
  }

  private func waitUntilItAnswers() throws {
    try Waiting.until("pgbouncer answers", details: { process.everythingSaid }) {
      (try? scenario.server.psql("SELECT 1", url: url(database: scenario.database))) == "1"
    }
  }
}
