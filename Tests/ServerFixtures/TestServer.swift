import Glibc
import Model
import Postgres

/// The server that DATABASE_URL names; tests that need it are skipped, visibly, where it is missing.
package enum TestServer {
  package static let url = getenv("DATABASE_URL").map { String(cString: $0) }
  package static var isThere: Bool { url != nil }

  package static func connect(_ uri: String? = nil) throws -> Connection {
    try Connection(
      ConnectionTarget(uri ?? url), applicationName: "changeover tests", stop: StopSignal(), timeoutSeconds: 10)
  }

  /// A URI for the same server with another role or database.
  package static func uri(user: String? = nil, database: String? = nil) throws -> String {
    let target = try ConnectionTarget(url)
    let credentials = user.map { "\($0):\(Role.password)" } ?? target.user
    return "postgresql://\(credentials)@\(target.host):\(target.port)/\(database ?? target.database)"
  }

  /// A name that no other test uses.
  package static func name(_ prefix: String) -> String {
    "\(prefix)_\(String(UInt32.random(in: 0 ... .max), radix: 36))"
  }
}

/// A database that goes with the test.
package final class Database {
  package let name = TestServer.name("changeover_db")

  package init(owner: String? = nil) throws {
    var admin = try TestServer.connect()
    try admin.execute("CREATE DATABASE \(name)\(owner.map { " OWNER \($0)" } ?? "")")
  }

  deinit {
    guard var admin = try? TestServer.connect() else { return }
    try? admin.execute("DROP DATABASE \(name) WITH (FORCE)")
  }

  package func uri(user: String? = nil) throws -> String { try TestServer.uri(user: user, database: name) }
}

/// A role without privileges of its own that goes with the test.
package final class Role {
  package static let password = "test"
  package let name = TestServer.name("changeover_role")

  package init(settings: [String] = []) throws {
    var admin = try TestServer.connect()
    try admin.execute("CREATE ROLE \(name) LOGIN PASSWORD '\(Self.password)'")
    for setting in settings { try admin.execute("ALTER ROLE \(name) SET \(setting)") }
  }

  deinit {
    guard var admin = try? TestServer.connect() else { return }
    try? admin.execute("DROP OWNED BY \(name) CASCADE; DROP ROLE \(name)")
  }
}
