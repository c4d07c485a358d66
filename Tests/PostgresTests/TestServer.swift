import Glibc
import Model
import Postgres
import Testing

/// The server that DATABASE_URL names; tests that need it are skipped, visibly, where it is missing.
enum TestServer {
  static let url = getenv("DATABASE_URL").map { String(cString: $0) }
  static var isThere: Bool { url != nil }
  /// PgBouncer in transaction mode in front of the same server; few machines have one.
  static let pooler = getenv("CHANGEOVER_TEST_POOLER_URL").map { String(cString: $0) }
  /// Whether the server runs here under our hands, so that its processes may be stopped.
  static let isOurs = getenv("CHANGEOVER_TEST_PGDATA") != nil

  static func connect(stop: StopSignal = StopSignal(), seconds: Double = 10) throws -> Connection {
    try Connection(ConnectionTarget(url), applicationName: "changeover tests", stop: stop, timeoutSeconds: seconds)
  }

  /// A URI for the same server with another role, password or database.
  static func uri(user: String? = nil, password: String? = nil, database: String? = nil) throws -> String {
    let target = try ConnectionTarget(url)
    let credentials = (user ?? target.user) + (password.map { ":\($0)" } ?? "")
    return "postgresql://\(credentials)@\(target.host):\(target.port)/\(database ?? target.database)"
  }

  /// Waits until the backend runs a statement that sleeps, then acts; on a thread of its own.
  static func whenAsleep(_ pid: Int32, _ action: @escaping @Sendable () -> Void) {
    inBackground {
      guard var observer = try? connect() else { return }
      var parameters = Parameters()
      parameters.append(int32: pid)
      for _ in 0..<1000 {
        let query = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'"
        if let result = try? observer.query(query, parameters), result.rowCount == 1 { return action() }
        usleep(10_000)
      }
    }
  }
}

/// Runs a closure on a thread of its own.
func inBackground(_ body: @escaping @Sendable () -> Void) {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  let box = Unmanaged.passRetained(Box(body))
  pthread_create(
    &thread, nil,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, box.toOpaque())
  pthread_detach(thread)
}

/// The PostgresError that a closure throws; nil, with an issue recorded, for none or another.
func postgresError(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> PostgresError? {
  do {
    try body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch let error as PostgresError {
    return error
  } catch {
    Issue.record("not a PostgresError: \(error)", sourceLocation: sourceLocation)
  }
  return nil
}

extension PostgresError {
  var isTimedOut: Bool { if case .timedOut = self { true } else { false } }
  var isConnectionLost: Bool { if case .connectionLost = self { true } else { false } }
  var isMisuse: Bool { if case .misuse = self { true } else { false } }
  var isUnexpectedResult: Bool { if case .unexpectedResult = self { true } else { false } }
  var server: ServerError? { if case .server(let error) = self { error } else { nil } }
  var connect: ConnectError? { if case .connect(let error) = self { error } else { nil } }
}
