import CSQLite
import Glibc
import Model

/// A connection to the source, owned by one thread at a time (SQLite's no-mutex mode). Closed when the value dies.
package struct Database: ~Copyable {
  let handle: OpaquePointer
  package let path: String
  private let patience = Patience()

  package enum Access: Sendable {
    case readOnly, readWrite, create
    /// Read-only, of a file that nobody writes to: no lock is taken, and a log beside it is neither read nor made.
    case unchanging
  }

  /// Opens the file; it is never created except by `.create`. SQLite reads nothing of it until the first statement.
  package init(path: String, access: Access) throws(SQLiteError) {
    handle = try Self.open(path, access)
    self.path = path
    setBusyPatience(milliseconds: 5_000)
  }

  private static func open(_ path: String, _ access: Access) throws(SQLiteError) -> OpaquePointer {
    let mode =
      switch access {
      case .readOnly: SQLITE_OPEN_READONLY
      case .unchanging: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
      case .readWrite: SQLITE_OPEN_READWRITE
      case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      }
    var opened: OpaquePointer?
    let name = access == .unchanging ? SQLiteText.unchangingURI(path) : path
    let code = sqlite3_open_v2(name, &opened, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    guard code == SQLITE_OK, let opened else {
      let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close_v2(opened)  // A failed open still owns a handle.
      throw SQLiteError(operation: "open the database", code: code, message: message)
    }
    return opened
  }

  deinit { sqlite3_close_v2(handle) }

  /// How long a statement waits for another process's lock.
  ///
  /// Our own handler: SQLite's sleeps up to 100 ms and starves against a busy writer. This one tries every 0.1 ms at
  /// first and every millisecond later.
  package borrowing func setBusyPatience(milliseconds: Int) {
    patience.milliseconds = milliseconds
    let attempts = BusyHandler.attempts(milliseconds: milliseconds)
    sqlite3_busy_handler(handle, BusyHandler.callback, UnsafeMutableRawPointer(bitPattern: attempts))
  }

  /// Until when statements wait for another process's lock, however many they are.
  package borrowing func setBusyDeadline(_ deadline: ContinuousClock.Instant) {
    let left = max(ContinuousClock.now.duration(to: deadline) / .milliseconds(1), 0)
    let end = BusyDeadline.milliseconds + Int(min(left, 1e12))
    sqlite3_busy_handler(handle, BusyDeadline.callback, UnsafeMutableRawPointer(bitPattern: end))
  }

  /// Runs `body` without waiting for any lock.
  package borrowing func withoutWaiting<R, E: Error>(_ body: (borrowing Database) throws(E) -> R) throws(E) -> R {
    let usual = patience.milliseconds
    setBusyPatience(milliseconds: 0)
    defer { setBusyPatience(milliseconds: usual) }
    return try body(self)
  }

  /// Prepares one statement.
  package borrowing func prepare(_ sql: String) throws(SQLiteError) -> Statement {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard code == SQLITE_OK, let statement else { throw error("prepare a statement", code: code) }
    return Statement(handle: statement, database: handle)
  }

  /// Runs one or several statements that return nothing of interest.
  package borrowing func execute(_ sql: String) throws(SQLiteError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw error("run a statement", code: code) }
  }

  /// The first column of the first row, or nil when there is no row.
  package borrowing func scalar(_ sql: String, _ parameters: [Value] = []) throws(SQLiteError) -> Value? {
    let statement = try prepare(sql)
    try statement.bind(all: parameters)
    return try statement.step() ? statement.value(0) : nil
  }

  /// The first column of the first row as an integer; 0 when there is none.
  package borrowing func integer(_ sql: String, _ parameters: [Value] = []) throws(SQLiteError) -> Int64 {
    guard case .integer(let value) = try scalar(sql, parameters) else { return 0 }
    return value
  }

  /// The first column of the first row as text; nil when there is none.
  package borrowing func string(_ sql: String, _ parameters: [Value] = []) throws(SQLiteError) -> String? {
    guard case .text(let bytes) = try scalar(sql, parameters) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Calls `body` for every row.
  package borrowing func forEach(
    _ sql: String, _ parameters: [Value] = [], _ body: (borrowing Statement) throws -> Void
  ) throws {
    let statement = try prepare(sql)
    try statement.bind(all: parameters)
    while try statement.step() { try body(statement) }
  }

  package enum TransactionKind: String, Sendable {
    case deferred = "BEGIN"
    case immediate = "BEGIN IMMEDIATE"
  }

  /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
  package borrowing func transaction<R>(
    _ kind: TransactionKind, _ body: (borrowing Database) throws -> R
  ) throws -> R {
    try execute(kind.rawValue)
    do {
      let result = try body(self)
      try execute("COMMIT")
      return result
    } catch {
      rollback()
      throw error
    }
  }

  /// Rolls back whatever transaction is open; does nothing when there is none.
  package borrowing func rollback() {
    guard sqlite3_get_autocommit(handle) == 0 else { return }
    sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
  }

  /// Tells open connections apart, as long as one of its statements lives.
  package var identity: Int { Int(bitPattern: handle) }

  package var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Rows that the last INSERT, UPDATE or DELETE changed.
  package var changes: Int64 { sqlite3_changes64(handle) }

  /// Makes every commit that a read transaction can see survive a power cut.
  package borrowing func syncLog() throws(SQLiteError) {
    var isLog: Int32 = 0
    let code = changeover_sync(handle, &isLog)
    guard code == SQLITE_OK else { throw error("sync the write-ahead log", code: code) }
    if isLog == 0 { try syncRollbackJournal() }
  }

  /// Without a write-ahead log a commit is the end of the rollback journal, which most modes do not wait for: if it came
  /// back after a power cut it would undo the commit.
  private borrowing func syncRollbackJournal() throws(SQLiteError) {
    guard let name = sqlite3_db_filename(handle, "main"), name.pointee != 0 else { return }
    let file = String(cString: name)
    for path in [file + "-journal", file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."] {
      let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
      if descriptor < 0, errno == ENOENT { continue }
      defer { close(descriptor) }
      guard descriptor >= 0, fsync(descriptor) == 0 else {
        throw SQLiteError(
          operation: "sync the rollback journal", code: SQLITE_IOERR, message: String(cString: strerror(errno)))
      }
    }
  }

  /// Whether triggers fire for this connection's own writes.
  package borrowing func setTriggersEnabled(_ enabled: Bool) throws(SQLiteError) {
    var result: Int32 = 0
    let code = changeover_db_config_flag(handle, Int32(SQLITE_DBCONFIG_ENABLE_TRIGGER), enabled ? 1 : 0, &result)
    guard code == SQLITE_OK else { throw error("switch triggers", code: code) }
  }

  /// Whether triggers fire for this connection's own writes, as it was set last.
  package var hasTriggersEnabled: Bool {
    var result: Int32 = 1
    changeover_db_config_flag(handle, Int32(SQLITE_DBCONFIG_ENABLE_TRIGGER), -1, &result)
    return result != 0
  }

  /// A handle for other threads to interrupt a running statement. Must not outlive the connection.
  package var interruptHandle: InterruptHandle { InterruptHandle(handle: handle) }

  private borrowing func error(_ operation: String, code: Int32) -> SQLiteError {
    let extended = sqlite3_extended_errcode(handle)
    return SQLiteError(
      operation: operation, code: extended & 0xFF == code & 0xFF ? extended : code,
      message: String(cString: sqlite3_errmsg(handle)))
  }
}

@available(*, unavailable) extension Database: Sendable {}

/// Interrupts a statement that runs on another thread.
package struct InterruptHandle: @unchecked Sendable {  // sqlite3_interrupt may be called from any thread.
  let handle: OpaquePointer
  package func interrupt() { sqlite3_interrupt(handle) }
}

/// Waits for another process's lock up to a moment, which is the handler's context: a number, not a pointer.
private enum BusyDeadline {
  private static let microseconds: UInt32 = 200

  /// The monotonic clock.
  static var milliseconds: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
  }

  static let callback: @convention(c) (UnsafeMutableRawPointer?, Int32) -> Int32 = { context, _ in
    guard milliseconds < Int(bitPattern: context) else { return 0 }
    usleep(microseconds)
    return 1
  }
}

/// What the busy handler was last set to.
private final class Patience {
  var milliseconds = 0
}

/// Waits for another process's lock by short sleeps.
private enum BusyHandler {
  private static let briefAttempts = 200
  private static let briefMicroseconds: UInt32 = 100
  private static let longMicroseconds: UInt32 = 1_000

  /// The number of sleeps that add up to `milliseconds`: the handler's context is this number, not a pointer.
  static func attempts(milliseconds: Int) -> Int {
    let brief = milliseconds * 1_000 / Int(briefMicroseconds)
    if brief <= briefAttempts { return max(brief, 0) }
    let rest = milliseconds * 1_000 - briefAttempts * Int(briefMicroseconds)
    return briefAttempts + rest / Int(longMicroseconds)
  }

  static let callback: @convention(c) (UnsafeMutableRawPointer?, Int32) -> Int32 = { context, attempt in
    guard Int(attempt) < Int(bitPattern: context) else { return 0 }
    usleep(Int(attempt) < briefAttempts ? briefMicroseconds : longMicroseconds)
    return 1
  }
}
