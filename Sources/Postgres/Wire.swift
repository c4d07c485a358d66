import CPostgres
import Glibc
import Model

/// The waiting around one libpq connection: every wait is a `poll` on the socket, the stop signal and the deadline.
///
/// It does not own the handle: `Connection` does, and lends its wire to a pipeline by copy.
struct Wire {
  let handle: OpaquePointer
  let canceller: CancelHandle
  var stop: StopSignal
  var deadline: ContinuousClock.Instant?
  /// Set when the connection was left in the middle of something and cannot be used again.
  var isBroken = false
  /// A pipeline's Sync is on its way, so a sync result will come.
  var awaitsSync = false
  /// Between `copyIn` and `endCopy` or `failCopy`.
  var isCopyingIn = false
  /// Bytes given to libpq since its buffer was last seen empty.
  var unflushed = 0

  /// How long a cancelled statement gets to end before the connection is given up.
  static let grace = Duration.milliseconds(500)
  /// So much may pile up in libpq's buffer before the sender waits for the server.
  static let flushThreshold = 256 * 1024

  /// Does one exchange with the server; after a stop or a missed deadline cancels and drains what was running.
  mutating func run<R: ~Copyable>(
    _ body: (inout Wire) throws(PostgresError) -> R
  ) throws(PostgresError) -> R {
    try checkIdle()
    do { return try body(&self) } catch {
      settle(after: error)
      throw error
    }
  }

  func checkIdle() throws(PostgresError) {
    if isBroken || PQstatus(handle) != CONNECTION_OK { throw .connectionLost("it was already closed") }
    if isCopyingIn { throw .misuse("a COPY is in progress") }
    if PQtransactionStatus(handle) == PQTRANS_ACTIVE || PQpipelineStatus(handle) != PQ_PIPELINE_OFF {
      throw .misuse("a statement is in progress")
    }
    try checkPatience()
  }

  func checkPatience() throws(PostgresError) {
    if stop.isRequested { throw .stopped }
    if let deadline, deadline <= .now { throw .timedOut }
  }

  /// Waits until the socket is readable (or writable, where asked for).
  /// - Returns: whether it is readable, or broken, which reading will tell.
  func wait(writing: Bool) throws(PostgresError) -> Bool {
    let socket = PQsocket(handle)
    guard socket >= 0 else { throw lost() }
    let events = Int16(POLLIN) | (writing ? Int16(POLLOUT) : 0)
    while true {
      try checkPatience()
      let (revents, status) = Self.poll(socket, events, stop: stop, milliseconds: millisecondsLeft)
      if status < 0, status != -EINTR { throw .connectionLost("waiting for the server failed (errno \(-status))") }
      if revents & Int16(POLLNVAL) != 0 { throw .connectionLost("its socket is closed") }
      if stop.isRequested { throw .stopped }
      if revents != 0 { return revents & ~Int16(POLLOUT) != 0 }
    }
  }

  /// Sends what libpq has buffered; reads meanwhile, because the server may stop reading until it is read.
  mutating func flush() throws(PostgresError) {
    while true {
      switch PQflush(handle) {
      case 0:
        unflushed = 0
        return
      case 1: if try wait(writing: true) { try consume() }
      default: throw lost()
      }
    }
  }

  /// Notes bytes handed to libpq, and flushes when many have piled up.
  mutating func noteQueued(_ bytes: Int) throws(PostgresError) {
    unflushed += bytes
    if unflushed >= Self.flushThreshold { try flush() }
  }

  func consume() throws(PostgresError) {
    if PQconsumeInput(handle) == 0 { throw lost() }
  }

  /// Milliseconds for `poll`; −1 without a deadline.
  private var millisecondsLeft: Int32 { deadline.map { ($0 - .now).wholeMilliseconds } ?? -1 }

  /// The socket's events, and the count or −errno.
  static func poll(_ socket: Int32, _ events: Int16, stop: StopSignal, milliseconds: Int32) -> (Int16, Int32) {
    withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { entries in
      entries.initializeElement(at: 0, to: pollfd(fd: socket, events: events, revents: 0))
      entries.initializeElement(at: 1, to: pollfd(fd: stop.fileDescriptor, events: Int16(POLLIN), revents: 0))
      let count = Glibc.poll(entries.baseAddress, 2, milliseconds)
      return count < 0 ? (0, -errno) : (entries[0].revents, count)
    }
  }

  /// The error for a broken connection. libpq's text is used only where its words are libpq's own: the rest of the
  /// buffer may hold what the server said about a row.
  func lost() -> PostgresError {
    let lines = String(cString: PQerrorMessage(handle)).split(whereSeparator: \.isNewline)
    let own = ["server closed", "could not receive", "could not send", "SSL ", "no connection", "lost synchronization"]
    let line = lines.last { line in own.contains { line.hasPrefix($0) } }
    return .connectionLost(line.map(String.init) ?? "the connection broke")
  }
}
