import FoundationEssentials
import Glibc
import Model
import Postgres
import TestSupport

/// PgBouncer in transaction mode before the tests' server: started when first asked for, ended with the process.
///
/// Only before a server of `with-postgres`, which takes its superuser without a password.
package enum Pooler {
  package static let isThere = program != nil && getenv("CHANGEOVER_TEST_PGDATA") != nil

  /// A URI that leads through it. Every database and role of the server can be named; roles of tests have one password.
  package static func uri(user: String? = nil, database: String? = nil) throws -> String {
    let port = try running.get()
    let target = try ConnectionTarget(TestServer.url)
    let credentials = user.map { "\($0):\(Role.password)" } ?? target.user
    return "postgresql://\(credentials)@127.0.0.1:\(port)/\(database ?? target.database)"
  }

  private static let program: String? = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]
    .first { (path: String) in access(path, X_OK) == 0 }

  private static let running: Result<UInt16, any Error> = Result { try start() }
  /// Ends the pooler with this process, however that ends. Written once, before the first connection through it.
  nonisolated(unsafe) private static var supervisor: Child?

  private static func start() throws -> UInt16 {
    guard let program else { throw SystemFailure("find pgbouncer", ENOENT) }
    let target = try ConnectionTarget(TestServer.url)
    let port = try freePort()
    var template = Array("/tmp/changeover-pooler-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw SystemFailure("make a directory", errno) }
    let directory = String(cString: made)
    try write("\"postgres\" \"\"\n", to: "\(directory)/users.txt")
    try write(
      """
      [databases]
      * = host=\(target.host) port=\(target.port)
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = \(port)
      auth_type = trust
      auth_file = \(directory)/users.txt
      auth_user = postgres
      auth_query = SELECT $1::text, '\(Role.password)'::text
      pool_mode = transaction
      default_pool_size = 3
      unix_socket_dir =
      """, to: "\(directory)/pgbouncer.ini")
    // It refuses to run as root.
    let account = getenv("CHANGEOVER_TEST_PGACCOUNT").map { String(cString: $0) } ?? ""
    let prefix = account.isEmpty ? "" : "setpriv --reuid=\(account) --regid=\(account) --clear-groups "
    chmod(directory, 0o755)
    supervisor = try Child(
      "/bin/sh",
      [
        "-c",
        """
        \(prefix)\(program) -q \(directory)/pgbouncer.ini </dev/null >/dev/null 2>&1 &
        read end
        kill $!
        rm -rf \(directory)
        """,
      ])
    let uri = "postgresql://postgres@127.0.0.1:\(port)/\(target.database)"
    try Deadline.wait(for: "pgbouncer") { (try? TestServer.connect(uri)) != nil }
    return port
  }

  private static func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  /// A port of the loopback interface that nothing listens on.
  private static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0 ? 0 : errno
      }
    }
    guard code == 0 else { throw SystemFailure("find a free port", code) }
    return UInt16(bigEndian: address.sin_port)
  }
}
