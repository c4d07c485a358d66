import Capture
import SQLite

/// Notices tables of the source that were created after the installation: they have no triggers and do not move.
struct NewTables: ~Copyable {
  private var known: Set<String>
  private var schemaVersion: Int64?

  /// - Parameter known: the tables that move, and those left out on purpose.
  init(known: Set<String>) { self.known = known }

  /// Names of tables that were not there at the last look; each is named once.
  mutating func look(in database: borrowing Database) throws -> [String] {
    let version = try database.integer("PRAGMA schema_version")
    guard version != schemaVersion else { return [] }
    var found: [String] = []
    try database.forEach("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name") {
      let name = $0.string(0) ?? ""
      let lowered = name.lowercased()
      if lowered.hasPrefix("sqlite_") || lowered.hasPrefix(SourceNames.prefix) { return }
      if !known.contains(name) { found.append(name) }
    }
    known.formUnion(found)
    schemaVersion = version
    return found
  }
}
