import CPostgres
import Glibc
import Model

extension Wire {
  /// Brings the connection back to rest after an error, also one of a caller's closure, or gives it up.
  mutating func settle(after error: any Error) {
    if case .connectionLost = error as? PostgresError { giveUp() } else { interrupt() }
  }

  /// Cancels the statement that is running, if any, and reads to its end. A server that does not answer in time loses
  /// the connection.
  ///
  /// The cancel request must have been delivered before the connection is used again: a late one would hit the next
  /// statement.
  mutating func interrupt() {
    isCopyingIn = false
    guard PQtransactionStatus(handle) == PQTRANS_ACTIVE || PQpipelineStatus(handle) != PQ_PIPELINE_OFF else { return }
    guard let delivered = canceller.cancelInBackground() else { return giveUp() }
    let end = ContinuousClock.now + Self.grace
    var patient = self
    patient.stop = Self.never
    patient.deadline = end
    do {
      try patient.drain()
      if !delivered.wait(milliseconds: Int((end - .now).wholeMilliseconds)) { giveUp() }
    } catch { giveUp() }
    awaitsSync = false
    unflushed = 0
  }

  /// Reads and drops everything until the connection is idle.
  private mutating func drain() throws(PostgresError) {
    if PQpipelineStatus(handle) != PQ_PIPELINE_OFF { return try drainPipeline() }
    try flush()
    while let result = try nextResult() {
      switch result.status {
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: try endCopy(result.status)
      case PGRES_FATAL_ERROR: if case .connectionLost = error(of: result) { throw lost() }
      default: break
      }
    }
  }

  /// Without its Sync a pipeline is one transaction that has not ended: a statement that cannot succeed goes before
  /// the Sync, so that it does not commit what it has.
  private mutating func drainPipeline() throws(PostgresError) {
    if !awaitsSync {
      guard PQsendQueryParams(handle, "changeover abandoned this pipeline", 0, nil, nil, nil, nil, 1) == 1,
        PQpipelineSync(handle) == 1
      else { throw lost() }
      awaitsSync = true
    }
    try flush()
    while awaitsSync {
      guard let result = try nextResult() else {
        if PQstatus(handle) != CONNECTION_OK { throw lost() }
        continue
      }
      if result.status == PGRES_PIPELINE_SYNC { awaitsSync = false }
    }
    guard PQexitPipelineMode(handle) == 1 else { throw lost() }
  }

  /// Shuts the socket, so that the server notices at once, and marks the connection as gone.
  mutating func giveUp() {
    isBroken = true
    isCopyingIn = false
    let socket = PQsocket(handle)
    if socket >= 0 { _ = shutdown(socket, Int32(SHUT_RDWR)) }
  }

  /// A signal that nobody raises.
  static let never = StopSignal()
}
