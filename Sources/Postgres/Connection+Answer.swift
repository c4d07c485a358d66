import CPostgres

/// One statement whose answer is read later, so that this side works while the server does.
extension Connection {
  /// Sends a statement as `query` does and returns at once. Until `answer` or `abandon` nothing else may run here.
  package mutating func send(_ sql: String, _ parameters: borrowing Parameters) throws(PostgresError) {
    try wire.checkIdle()
    do {
      try wire.queue(sql, parameters)
      try wire.flush()
    } catch {
      wire.settle(after: error)
      throw error
    }
  }

  /// Waits for the answer to what was sent.
  package mutating func answer() throws(PostgresError) -> QueryResult {
    do { return try wire.results() } catch {
      wire.settle(after: error)
      throw error
    }
  }

  /// Cancels what was sent and drops its answer; an open transaction is then a failed one. Does nothing where nothing runs.
  package mutating func abandon() { wire.interrupt() }
}
