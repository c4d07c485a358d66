import CPostgres

extension Connection {
  /// Sends any number of statements with one Sync at the end and reads all their results: one round trip.
  ///
  /// Outside BEGIN … COMMIT they are one transaction. An error makes the server skip the statements after it; it is thrown
  /// as `.server`, with `statement` telling which. When the closure throws, what was sent does not take effect (except
  /// what a COMMIT among it committed), and its error is passed on.
  ///
  /// A statement that repeats the one before it, with the same parameter types, is parsed once.
  package mutating func pipeline(_ body: (inout Pipeline) throws -> Void) throws -> PipelineResults {
    try wire.checkIdle()
    guard PQenterPipelineMode(wire.handle) == 1 else { throw wire.refused() }
    wire.awaitsSync = false
    var pipeline = Pipeline(wire: wire)
    do {
      try body(&pipeline)
      wire = pipeline.wire
      return try wire.finishPipeline(of: pipeline.count)
    } catch {
      wire.settle(after: error)
      throw error
    }
  }
}

extension Wire {
  /// Sends the Sync, reads the results, and leaves pipeline mode.
  mutating func finishPipeline(of count: Int) throws(PostgresError) -> PipelineResults {
    guard PQpipelineSync(handle) == 1 else { throw refused() }
    awaitsSync = true
    try flush()
    var results = PipelineResults(capacity: count)
    var failure: PostgresError?
    var statement = 0
    while awaitsSync {
      guard let result = try nextResult() else {  // The end of one statement's results.
        if PQstatus(handle) != CONNECTION_OK { throw failure ?? lost() }
        statement += 1
        continue
      }
      switch result.status {
      case PGRES_PIPELINE_SYNC: awaitsSync = false
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: results.append(consume result)
      case PGRES_PIPELINE_ABORTED: break
      default: failure = failure ?? error(of: result).inStatement(statement)
      }
    }
    guard PQexitPipelineMode(handle) == 1 else { throw lost() }
    if let failure { throw failure }
    return results
  }
}

extension PostgresError {
  fileprivate func inStatement(_ number: Int) -> PostgresError {
    guard case .server(var error) = self else { return self }
    error.statement = number
    return .server(error)
  }
}
