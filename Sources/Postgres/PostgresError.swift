/// Everything that talking to PostgreSQL can end in. Its description never holds row values or a password.
package enum PostgresError: Error, Sendable {
  /// No connection could be made.
  case connect(ConnectError)
  /// The server refused a statement; the connection stays usable.
  case server(ServerError)
  /// The connection broke; whether a statement in flight took effect is not known.
  case connectionLost(String)
  /// The deadline passed; the statement was cancelled.
  case timedOut
  /// The stop signal was raised; the statement was cancelled.
  case stopped
  /// A result is not of the shape asked for: a type, a length or a NULL that does not fit.
  case unexpectedResult(String)
  /// The caller used the connection out of turn.
  case misuse(String)

  /// The SQLSTATE where the server gave one.
  package var sqlState: String? {
    switch self {
    case .connect(let error): error.sqlState
    case .server(let error): error.sqlState
    case .connectionLost, .timedOut, .stopped, .unexpectedResult, .misuse: nil
    }
  }

  package var isStopped: Bool {
    if case .stopped = self { true } else { false }
  }

  /// Whether the connection is gone, so that going on needs a new one.
  package var needsNewConnection: Bool {
    switch self {
    case .connect, .connectionLost: true
    case .server, .timedOut, .stopped, .unexpectedResult, .misuse: false
    }
  }

  /// Whether the same work, done again later, may well succeed.
  package var isTransient: Bool {
    switch self {
    case .connect(let error): error.isTransient
    case .server(let error): Self.isTransient(sqlState: error.sqlState)
    case .connectionLost, .timedOut: true
    case .stopped, .unexpectedResult, .misuse: false
    }
  }

  /// Connection errors (08), resources that may come back (53), serialization failures and deadlocks, locks, timeouts,
  /// cancelled statements, a server that restarts, and one that is read-only for now (a failover).
  static func isTransient(sqlState: String) -> Bool {
    switch sqlState {
    case "25006", "25P03", "25P04", "40001", "40003", "40P01", "55006", "55P03", "57014", "57P01", "57P02", "57P03",
      "57P05":
      true
    default: sqlState.hasPrefix("08") || sqlState.hasPrefix("53")
    }
  }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
  package var description: String {
    switch self {
    case .connect(let error): error.description
    case .server(let error): error.description
    case .connectionLost(let reason): "connection lost: \(reason)"
    case .timedOut: "no answer in time"
    case .stopped: "stopped"
    case .unexpectedResult(let what): "unexpected result: \(what)"
    case .misuse(let what): "the connection was used out of turn: \(what)"
    }
  }

  package var debugDescription: String { description }
}
