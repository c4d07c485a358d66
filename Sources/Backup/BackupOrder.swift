/// What is to be backed up, and how.
package struct BackupOrder: Sendable {
  /// The SQLite file.
  package var source: String
  /// The directory that gets the backup's folder; created where it is missing.
  package var directory: String
  /// Whether the copy is proven: opened, and compared with the source table by table.
  package var checks: Bool
  /// Without a write-ahead log a reader keeps writers from committing: seconds that they may wait.
  package var pauseLimit: Double

  package init(source: String, directory: String, checks: Bool = true, pauseLimit: Double = 5) {
    self.source = source
    self.directory = directory
    self.checks = checks
    self.pauseLimit = pauseLimit
  }
}

/// How far a backup has come.
package enum BackupProgress: Sendable {
  /// The source has no write-ahead log: its writers wait while it is read, for this many seconds at most.
  case writersWait(limit: Double)
  case copying(pages: Int, of: Int)
  /// Reading a table, of the source or of the copy.
  case reading(table: String, rows: Int64)
  /// SQLite's own check of the copy.
  case examining
  /// Bytes of the copy read once more for its SHA-256.
  case hashing(bytes: Int64, of: Int64)
}
