import Glibc
import Model
import Postgres

/// The server that DATABASE_URL names; tests that need it are skipped, visibly, where it is missing.
enum Server {
  static let url = getenv("DATABASE_URL").map { String(cString: $0) }
  static var isThere: Bool { url != nil }

  static func connect(_ uri: String? = nil) throws -> Connection {
    try Connection(
      ConnectionTarget(uri ?? url), applicationName: "changeover tests", stop: StopSignal(), timeoutSeconds: 10)
  }

  /// A name that no other test uses.
  static func name(_ prefix: String) -> String { "\(prefix)_\(String(UInt32.random(in: 0 ... .max), radix: 36))" }
}
