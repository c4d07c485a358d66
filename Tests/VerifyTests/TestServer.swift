import Glibc
import Model
import Postgres

/// The server that DATABASE_URL names; tests that need it are skipped, visibly, where it is missing.
enum TestServer {
  static let url = getenv("DATABASE_URL").map { String(cString: $0) }
  static var isThere: Bool { url != nil }

  static func connect() throws -> Connection {
    try Connection(
      ConnectionTarget(url), applicationName: "changeover tests", stop: StopSignal(), timeoutSeconds: 10)
  }

  /// A name that no other test uses.
  static func name(_ prefix: String) -> String { "\(prefix)_\(String(UInt32.random(in: 0 ... .max), radix: 36))" }
}
