import CPostgres

extension Wire {
  /// Sends one or several statements by the simple protocol.
  mutating func send(simple sql: String) throws(PostgresError) {
    try Self.check(sql)
    guard PQsendQuery(handle, sql) == 1 else { throw refused() }
    try flush()
  }

  /// Queues one statement by the extended protocol, unnamed, binary both ways.
  /// - Parameter reuses: the statement parsed last is this one, so that only its parameters are sent.
  mutating func queue(
    _ sql: String, _ parameters: borrowing Parameters, reuses: Bool = false
  ) throws(PostgresError) {
    if !reuses { try Self.check(sql) }
    if parameters.isTooLong { throw .misuse("a value is longer than a gigabyte") }
    if parameters.count > 65_535 { throw .misuse("a statement has more than 65,535 parameters") }
    let status = parameters.withPointers { count, types, values, lengths, formats in
      reuses
        ? PQsendQueryPrepared(handle, "", count, values, lengths, formats, 1)
        : PQsendQueryParams(handle, sql, count, types, values, lengths, formats, 1)
    }
    guard status == 1 else { throw refused() }
  }

  /// The next result, waiting for it; nil where the statement has no more.
  mutating func nextResult() throws(PostgresError) -> QueryResult? {
    while PQisBusy(handle) == 1 {
      if try wait(writing: PQflush(handle) == 1) { try consume() }
    }
    return PQgetResult(handle).map { QueryResult(owning: $0) }
  }

  /// Reads all results of what was sent: the last good one, or the first error after the rest was read.
  mutating func results() throws(PostgresError) -> QueryResult {
    var last: QueryResult?
    var failure: PostgresError?
    while let result = try nextResult() {
      switch result.status {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: last = consume result
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        failure = failure ?? .misuse("COPY among plain statements")
        try endCopy(result.status)
      default: failure = failure ?? error(of: result)
      }
    }
    if let failure { throw failure }
    guard let last else { throw lost() }
    return last
  }

  /// The error that a result carries. FATAL means that the server closes the connection after it.
  func error(of result: borrowing QueryResult) -> PostgresError {
    guard result.isServerError else {
      return PQstatus(handle) == CONNECTION_OK ? .unexpectedResult("libpq could not read the server's answer") : lost()
    }
    let error = ServerError(result.handle)
    return error.severity == "FATAL" || error.severity == "PANIC" ? .connectionLost(error.description) : .server(error)
  }

  /// Leaves a COPY that nobody wanted, or that was interrupted: fails one in, reads one out to its end.
  mutating func endCopy(_ status: ExecStatusType) throws(PostgresError) {
    if status == PGRES_COPY_IN {
      try putCopyEnd(reason: "changeover gave up")
    } else {
      while let row = try nextCopyRow() { PQfreemem(row.baseAddress) }
    }
  }

  /// Ends a COPY in; a reason makes it fail.
  mutating func putCopyEnd(reason: String?) throws(PostgresError) {
    while true {
      switch PQputCopyEnd(handle, reason) {
      case 1: return try flush()
      case 0: try flush()
      default: throw refused()
      }
    }
  }

  /// The next piece of a COPY out, waiting for it; nil at its end. The caller frees it with PQfreemem.
  mutating func nextCopyRow() throws(PostgresError) -> UnsafeMutableBufferPointer<CChar>? {
    while true {
      var bytes: UnsafeMutablePointer<CChar>?
      switch PQgetCopyData(handle, &bytes, 1) {
      case -1: return nil
      case 0: if try wait(writing: PQflush(handle) == 1) { try consume() }
      case let count where count > 0: return UnsafeMutableBufferPointer(start: bytes, count: Int(count))
      default: throw PQstatus(handle) == CONNECTION_OK ? .unexpectedResult("libpq could not read COPY data") : lost()
      }
    }
  }

  /// What a send that libpq refused means: the connection is gone, or the call came out of turn.
  func refused() -> PostgresError {
    PQstatus(handle) == CONNECTION_OK ? .misuse("libpq refused to send") : lost()
  }

  /// C strings end at NUL: a statement would be cut there.
  static func check(_ sql: String) throws(PostgresError) {
    if sql.utf8.contains(0) { throw .misuse("a statement holds a NUL character") }
  }
}
