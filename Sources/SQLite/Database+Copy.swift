import CSQLite

extension Database {
  /// Which SQLite this process runs with.
  package static var libraryVersion: String { String(cString: sqlite3_libversion()) }

  /// Copies every page, exactly as they are, into an empty database.
  ///
  /// The caller holds a read transaction: without one SQLite begins anew whenever another process commits, and beside a
  /// writer that never rests does not end. `onStep` hears how many pages are copied, and of how many; what it throws ends
  /// the copy.
  package borrowing func copyPages(
    into destination: borrowing Database, atOnce pages: Int32, _ onStep: (_ done: Int, _ total: Int) throws -> Void
  ) throws {
    guard let copy = sqlite3_backup_init(destination.handle, "main", handle, "main") else {
      throw destination.copyError(sqlite3_errcode(destination.handle))
    }
    var isFinished = false
    defer { if !isFinished { sqlite3_backup_finish(copy) } }
    var code = SQLITE_OK
    while code == SQLITE_OK {
      code = sqlite3_backup_step(copy, pages)
      let total = Int(sqlite3_backup_pagecount(copy))
      try onStep(total - Int(sqlite3_backup_remaining(copy)), total)
    }
    isFinished = true
    let end = sqlite3_backup_finish(copy)
    guard code == SQLITE_DONE, end == SQLITE_OK else {
      throw destination.copyError(code == SQLITE_DONE ? end : code)
    }
  }

  private borrowing func copyError(_ code: Int32) -> SQLiteError {
    SQLiteError(operation: "copy the pages", code: code, message: String(cString: sqlite3_errstr(code)))
  }
}
