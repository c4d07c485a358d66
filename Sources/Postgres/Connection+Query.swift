extension Connection {
  /// Runs one or several statements by the simple protocol and drops their results. Several are one transaction unless
  /// they say otherwise; the first error ends them.
  package mutating func execute(_ sql: String) throws(PostgresError) {
    try wire.run { wire throws(PostgresError) in
      try wire.send(simple: sql)
      _ = try wire.results()
    }
  }

  /// Runs one statement, unnamed, with binary parameters and a binary result.
  @discardableResult
  package mutating func query(_ sql: String, _ parameters: borrowing Parameters) throws(PostgresError) -> QueryResult {
    try wire.query(sql, parameters)
  }

  /// Runs one statement without parameters, with a binary result.
  @discardableResult
  package mutating func query(_ sql: String) throws(PostgresError) -> QueryResult {
    try wire.query(sql, Parameters(capacity: 16))
  }
}
