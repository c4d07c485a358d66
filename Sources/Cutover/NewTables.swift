import Capture
import Pipeline
import SQLite

/// Tables of the source that came after the copy: they would stay behind.
enum NewTables {
  static func find(_ session: SyncSession, _ database: borrowing Database) throws -> [String] {
    let known = Set(session.installation.installed.map(\.table.name) + session.record.plan.leftOut)
    return try SourceCatalogue.read(database).tables.map(\.name).filter { !known.contains($0) }
  }
}
