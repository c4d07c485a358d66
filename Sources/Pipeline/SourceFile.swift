import Capture
import Glibc
import Model
import SQLite

/// Opens the source with errors that say what to do.
package enum SourceFile {
  private static let patienceMilliseconds = 5_000
  /// A stop asked for is seen so often while the source is locked.
  private static let glanceMilliseconds = 50

  /// For commands that write to the source: proves that it can be written.
  /// - Parameter takesLock: whether the write lock is taken for a moment, to prove that it can be had.
  package static func openForWriting(
    _ path: String, takesLock: Bool = true, stop: StopSignal = StopSignal()
  ) throws -> Database {
    try checkExists(path)
    let database = try open(path, .readWrite)
    database.setBusyPatience(milliseconds: glanceMilliseconds)
    try patiently(path, stop) { () throws(SQLiteError) in
      _ = try database.integer("SELECT count(*) FROM sqlite_schema")
    }
    guard access(path, W_OK) == 0, access(directory(of: path), W_OK) == 0 else {
      throw SQLiteError(operation: "write", code: 8, message: "read-only").failure(path: path)
    }
    try patiently(path, stop) { () throws(SQLiteError) in
      try database.execute("PRAGMA synchronous = NORMAL")
      guard takesLock else { return }
      try database.execute("BEGIN IMMEDIATE")
      try database.execute("ROLLBACK")
    }
    database.setBusyPatience(milliseconds: patienceMilliseconds)
    return database
  }

  /// A further connection of a process that proved that it can write: it asks for no write lock, and waits for as long
  /// as a transaction of the application keeps readers out.
  package static func openAgain(_ path: String, stop: StopSignal) throws -> Database {
    try checkExists(path)
    let database = try open(path, .readWrite)
    do {
      try database.whenReadable(stop) { try $0.execute("PRAGMA synchronous = NORMAL") }
    } catch let error as SQLiteError {
      throw error.failure(path: path)
    }
    return database
  }

  private static func patiently(_ path: String, _ stop: StopSignal, _ body: () throws(SQLiteError) -> Void) throws {
    let end = ContinuousClock.now + .milliseconds(patienceMilliseconds)
    while true {
      do {
        return try body()
      } catch {
        try stop.check()
        guard error.isBusy, ContinuousClock.now < end else { throw error.failure(path: path) }
      }
    }
  }

  /// For commands that only look.
  package static func openForReading(_ path: String) throws -> Database {
    try checkExists(path)
    let database = try open(path, .readOnly)
    try explained(path) { () throws(SQLiteError) in
      _ = try database.integer("SELECT count(*) FROM sqlite_schema")
    }
    return database
  }

  static func open(_ path: String, _ mode: Database.Access) throws(Failure) -> Database {
    do { return try Database(path: path, access: mode) } catch { throw error.failure(path: path) }
  }

  static func explained(_ path: String, _ body: () throws(SQLiteError) -> Void) throws(Failure) {
    do { try body() } catch { throw error.failure(path: path) }
  }

  static func checkExists(_ path: String) throws(Failure) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let reason = String(cString: strerror(errno))
      throw Failure(
        .unreachable, "cannot open the source \(path): \(reason.lowercased())",
        remedy: "name the application's database file with --source or CHANGEOVER_SOURCE")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(
        .badData, "the source \(path) is not a file", remedy: "name the application's database file with --source")
    }
    guard status.st_size > 0 else {
      throw Failure(
        .badData, "the source \(path) is empty: it is not a SQLite database",
        remedy: "name the application's database file with --source")
    }
  }

  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

extension Database {
  /// Tries again for as long as a writer keeps readers out, which it can without a write-ahead log.
  borrowing func whenReadable<R: ~Copyable>(_ stop: StopSignal, _ body: (borrowing Database) throws -> R) throws -> R {
    while true {
      try stop.check()
      do {
        return try body(self)
      } catch let error as SQLiteError where error.isBusy {}
    }
  }
}
