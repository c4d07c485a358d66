import CPostgres

extension Wire {
  /// Sets what hosts are known to set otherwise: timeouts off, dates as ISO in UTC, and
  /// backslashes in literals for what they are.
  ///
  /// Behind a pooler a SET would stay on a server connection that others use, so the timeouts are left to `SET LOCAL`
  /// in each transaction. The backend's own number tells: a pooler invents the one it gives its clients.
  mutating func adjustSettings() throws(PostgresError) -> (isPooled: Bool, local: String) {
    let names = [
      "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout",
      "transaction_timeout",
    ]
    let values = names.map { "current_setting('\($0)', true)" }.joined(separator: ", ")
    let current = try query("SELECT pg_backend_pid(), \(values)", Parameters())
    let isPooled = try current.int32(0, 0) != PQbackendPID(handle)

    var wrong: [(name: String, value: String)] = []
    for (index, name) in names.enumerated() where try !["0", nil].contains(current.stringOrNil(0, index + 1)) {
      wrong.append((name, "0"))
    }
    // A session may be idle for longer than any transaction: it cannot be SET LOCAL, and reconnecting mends it.
    let inTransaction = wrong.filter { $0.name != "idle_session_timeout" }
    let local = inTransaction.map { "SET LOCAL \($0.name) = 0; " }.joined()

    // Poolers keep these three for each client.
    var session = isPooled ? [] : wrong
    if parameter("TimeZone") != "UTC" { session.append(("TimeZone", "UTC")) }
    if parameter("DateStyle")?.hasPrefix("ISO") != true { session.append(("DateStyle", "ISO, YMD")) }
    if parameter("standard_conforming_strings") != "on" { session.append(("standard_conforming_strings", "on")) }
    if !session.isEmpty {
      let calls = session.map { "set_config('\($0.name)', '\($0.value)', false)" }.joined(separator: ", ")
      _ = try query("SELECT \(calls)", Parameters())
    }
    return (isPooled, isPooled ? local : "")
  }

  /// A setting that the server reports by itself.
  func parameter(_ name: String) -> String? { PQparameterStatus(handle, name).map { String(cString: $0) } }

  /// Runs one statement by the extended protocol.
  mutating func query(_ sql: String, _ parameters: borrowing Parameters) throws(PostgresError) -> QueryResult {
    try checkIdle()
    do {
      try queue(sql, parameters)
      try flush()
      return try results()
    } catch {
      settle(after: error)
      throw error
    }
  }
}
