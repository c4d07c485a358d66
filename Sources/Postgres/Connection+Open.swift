import CPostgres
import Glibc
import Model

extension Connection {
  /// Makes the connection without blocking in `connect`; the handle is the caller's to finish.
  static func open(
    _ target: ConnectionTarget, applicationName: String, stop: StopSignal, end: ContinuousClock.Instant
  ) throws(PostgresError) -> OpaquePointer {
    if stop.isRequested { throw .stopped }
    let options = target.connectOptions(applicationName: applicationName)
    guard let handle = start(options) else { throw .connect(ConnectError(.other, text: "out of memory")) }
    do {
      PQsetNoticeReceiver(handle, { _, _ in }, nil)
      PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)  // So that a refusal shows its SQLSTATE.
      try finish(handle, secrets: target.secrets, stop: stop, end: end)
      PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
      return handle
    } catch {
      PQfinish(handle)
      throw error
    }
  }

  private static func start(_ options: [(String, String)]) -> OpaquePointer? {
    var keywords = options.map { strdup($0.0) }
    var values = options.map { strdup($0.1) }
    defer { (keywords + values).forEach { free($0) } }
    keywords.append(nil)
    values.append(nil)
    return keywords.withUnsafeBufferPointer { keywords in
      values.withUnsafeBufferPointer { values in
        keywords.withMemoryRebound(to: UnsafePointer<CChar>?.self) { keywords in
          values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
            PQconnectStartParams(keywords.baseAddress, values.baseAddress, 0)
          }
        }
      }
    }
  }

  private static func finish(
    _ handle: OpaquePointer, secrets: [String], stop: StopSignal, end: ContinuousClock.Instant
  ) throws(PostgresError) {
    func failed() -> PostgresError {
      let secrets = secrets + [PQpass(handle).map { String(cString: $0) } ?? ""]
      let message = String(cString: PQerrorMessage(handle))
      let needsPassword = PQconnectionNeedsPassword(handle) == 1
      return .connect(.classify(message, secrets: secrets, needsPassword: needsPassword))
    }
    if PQstatus(handle) == CONNECTION_BAD { throw failed() }
    var next = PGRES_POLLING_WRITING
    while next != PGRES_POLLING_OK {
      let events = Int16(next == PGRES_POLLING_WRITING ? POLLOUT : POLLIN)
      try wait(handle, events, stop: stop, end: end)
      next = PQconnectPoll(handle)
      if next == PGRES_POLLING_FAILED { throw failed() }
    }
  }

  /// The socket may be another one at each turn: libpq goes through the host's addresses.
  private static func wait(
    _ handle: OpaquePointer, _ events: Int16, stop: StopSignal, end: ContinuousClock.Instant
  ) throws(PostgresError) {
    while true {
      if stop.isRequested { throw .stopped }
      let left = (end - .now).wholeMilliseconds
      if left <= 0 { throw .connect(ConnectError(.timedOut)) }
      let (revents, status) = Wire.poll(PQsocket(handle), events, stop: stop, milliseconds: left)
      if stop.isRequested { throw .stopped }
      if revents != 0 || (status < 0 && status != -EINTR) { return }  // libpq finds out what is wrong.
    }
  }
}

extension ConnectionTarget {
  /// The target's own `connect_timeout`, in seconds; 0 and less mean none.
  var connectTimeoutSeconds: Double? { options["connect_timeout"].flatMap(Double.init).flatMap { $0 > 0 ? $0 : nil } }

  /// What must not appear in a text.
  var secrets: [String] { ["password", "sslpassword"].compactMap { options[$0] } }

  /// The options given, ours above them, and keepalives below them: a peer that vanished is noticed within a minute and
  /// not after the system's two hours.
  func connectOptions(applicationName: String) -> [(String, String)] {
    let defaults = [
      "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000",
    ]
    let ours = ["application_name": applicationName, "client_encoding": "UTF8"]
    let all = defaults.merging(options) { $1 }.merging(ours) { $1 }
    return all.sorted { $0.key < $1.key }
  }
}
