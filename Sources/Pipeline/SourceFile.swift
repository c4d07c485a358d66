import Capture
import Glibc
import Model
import SQLite

/// Opens the source with errors that say what to do.
package enum SourceFile {
  /// For commands that write to the source.
  /// - Parameter takesLock: whether the write lock is taken for a moment, to prove that it can be had.
  package static func openForWriting(_ path: String, takesLock: Bool = true) throws -> Database {
    try checkExists(path)
    let database = try open(path, .readWrite)
    try explained(path) { () throws(SQLiteError) in
      _ = try database.integer("SELECT count(*) FROM sqlite_schema")
    }
    guard access(path, W_OK) == 0, access(directory(of: path), W_OK) == 0 else {
      throw SQLiteError(operation: "write", code: 8, message: "read-only").failure(path: path)
    }
    try explained(path) { () throws(SQLiteError) in
      try database.execute("PRAGMA synchronous = NORMAL")
      guard takesLock else { return }
      try database.execute("BEGIN IMMEDIATE")
      try database.execute("ROLLBACK")
    }
    return database
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

  private static func open(_ path: String, _ mode: Database.Access) throws(Failure) -> Database {
    do { return try Database(path: path, access: mode) } catch { throw error.failure(path: path) }
  }

  private static func explained(_ path: String, _ body: () throws(SQLiteError) -> Void) throws(Failure) {
    do { try body() } catch { throw error.failure(path: path) }
  }

  private static func checkExists(_ path: String) throws(Failure) {
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

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
