import Model
import SQLite

/// What a person asks of a table while the sync may be running: written into the source, where the sync takes it up with the
/// next group.
extension SourceInstallation {
  /// Asks that tables be copied again, suspended or resumed. Inside the caller's write transaction.
  ///
  /// A suspended table loses its triggers at once: whoever asked goes on with a migration that they would stand in the way of.
  package func ask(
    _ request: InstalledTable.Request, of tables: [String], in database: borrowing Database
  ) throws {
    for name in tables {
      let table = try find(name)
      guard request != .resume || table.hold?.kind == .suspended || table.request == .suspend else {
        throw Failure(
          .checkFailed, "table '\(table.table.name)' is not suspended", remedy: "changeover resync copies it again")
      }
      if request == .suspend { try Self.dropTriggers(of: table.table.id, in: database) }
      let statement = try database.prepare("UPDATE \(SourceNames.table) SET request = ?2 WHERE id = ?1")
      try statement.bind(all: [.integer(table.table.id.rawValue), .text(request.rawValue)])
      try statement.run()
    }
    // A change of its own, so that the sync looks.
    try database.execute("INSERT INTO \(SourceNames.change) (tbl, op, nonce) VALUES (0, 0, random())")
  }

  private func find(_ name: String) throws(Failure) -> InstalledTable {
    let found =
      installed.first { $0.table.name.isSpelled(name) }
      ?? installed.first { $0.table.name.lowercased() == name.lowercased() }
    guard let found else {
      throw Failure(.usage, "no table '\(name)' moves", remedy: "changeover status names those that do")
    }
    return found
  }
}
