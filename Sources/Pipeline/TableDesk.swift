import Capture
import Model
import SQLite

/// Takes in what people ask of single tables: to be copied again, to be left alone for a migration, and to follow again.
package struct TableDesk: Sendable {
  private let source: String
  private let state: String

  package init(source: String, state: String) {
    self.source = source
    self.state = state
  }

  /// Writes the request down; true where a sync runs that takes it up.
  package func ask(_ request: InstalledTable.Request, of tables: [String]) throws -> Bool {
    let database = try SourceFile.openForWriting(source)
    do {
      try database.transaction(.immediate) { database in
        guard let installation = try SourceInstallation.read(database) else {
          throw Failure(
            .configuration, "\(source) is not prepared: no changeover sync has run on it",
            remedy: "start one: changeover sync --source \(source)")
        }
        guard installation.switchID == nil else {
          throw Failure(
            .checkFailed, "\(source) is fenced: its data has moved to PostgreSQL",
            remedy: "changeover status tells where the move stands")
        }
        try installation.ask(request, of: tables, in: database)
      }
    } catch let error as SQLiteError {
      throw error.failure(path: source)
    }
    return try StateDirectory(existing: state).map { try $0.syncLock.tryAcquire() == nil } ?? false
  }
}
