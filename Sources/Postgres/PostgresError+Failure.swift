import Model

extension PostgresError {
  /// The error for a person.
  /// - Parameters:
  ///   - operation: a verb phrase that follows "cannot": "connect to", "copy rows into".
  ///   - subject: what it was done to: the target's `safeDescription`, a table's name.
  package func failure(operation: String, subject: String) -> Failure {
    Failure(status, "cannot \(operation) \(subject): \(self)", remedy: remedy)
  }

  private var status: ExitStatus {
    switch self {
    case .connect, .connectionLost, .timedOut: .unreachable
    case .stopped: .tryAgain
    case .unexpectedResult, .misuse: .internalError
    case .server(let error):
      switch error.sqlState.prefix(2) {
      case "08", "28", "3D", "40", "53", "57": .unreachable
      case "22", "23", "44": .badData
      case "0A", "25", "3F", "54", "55", "58": .configuration
      case "42": error.sqlState == "42601" ? .internalError : .configuration
      default: .internalError
      }
    }
  }

  private var remedy: String {
    switch self {
    case .connect(let error): error.remedy
    case .connectionLost: "check the network and the server's log; what was committed stays, run the command again"
    case .timedOut: "look for locks and slow statements in pg_stat_activity, then run the command again"
    case .stopped: "run the command again"
    case .unexpectedResult, .misuse: "report this as a defect of changeover"
    case .server(let error): Self.remedy(for: error.sqlState)
    }
  }

  private static func remedy(for sqlState: String) -> String {
    switch sqlState {
    case "25006": "name the primary server in --target; this one is read-only"
    case "25P03", "25P04", "57P05": "raise the server's transaction and idle timeouts for this role"
    case "28P01": "check the password"
    case "3D000": "create the database, or check its name in --target"
    case "3F000": "create the schema, or check its name"
    case "40001", "40P01": "run the command again"
    case "42501": "grant this role the privilege, or connect as the owner"
    case "42601": "report this as a defect of changeover"
    case "42P01", "42703", "42883", "42704": "find out who changed the target's tables, and change them back"
    case "42P07", "42710": "drop or rename what is already there, or choose another schema"
    case "53100": "free disk space on the server"
    case "53200": "give the server more memory, or lower its load"
    case "53300": "close connections, raise max_connections, or go through a pooler"
    case "55P03": "look for the lock's holder in pg_stat_activity, then run the command again"
    case "57014": "raise statement_timeout for this role, or find out who cancelled the statement"
    case "57P01", "57P02", "57P03": "wait until the server accepts connections"
    default:
      switch sqlState.prefix(2) {
      case "22", "23", "44": "look at the column's type and at the table's constraints on the target"
      case "0A": "use a newer PostgreSQL, or an extension-free setting"
      case "53", "54": "check the server's limits and its log"
      default: "look into the server's log"
      }
    }
  }
}
