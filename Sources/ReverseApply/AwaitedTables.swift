import Capture
import Model
import SQLite

/// Tables without a key whose rows VACUUM renumbered: their rowids no longer say which row is which. A group that replaces
/// the whole table makes them right again.
enum AwaitedTables {
  private static let setting = "reverse_awaited"
  private static let canaryRow: Int64 = 7

  /// Looks at the canary, notes what VACUUM spoilt, and sets it out again.
  static func look(_ installation: SourceInstallation, in database: borrowing Database) throws {
    let keyless = installation.tables.filter { if case .rowid = $0.key { true } else { false } }.map(\.id)
    if keyless.isEmpty { return }
    guard try database.integer("SELECT rowid FROM \(SourceNames.canary)") != canaryRow else { return }
    try write(keyless, in: database)
    try database.execute(
      """
      DELETE FROM \(SourceNames.canary);
      INSERT INTO \(SourceNames.canary) (rowid, note) VALUES (\(canaryRow), 'VACUUM renumbers this row')
      """)
  }

  static func read(in database: borrowing Database) throws -> [TableID] {
    guard case .text(let text)? = try SourceInstallation.setting(setting, in: database) else { return [] }
    return String(decoding: text, as: UTF8.self).split(separator: " ").compactMap { Int64($0).map { TableID($0) } }
  }

  static func remove(_ table: TableID, in database: borrowing Database) throws {
    let awaited = try read(in: database)
    guard awaited.contains(table) else { return }
    try write(awaited.filter { $0 != table }, in: database)
  }

  private static func write(_ tables: [TableID], in database: borrowing Database) throws {
    let text = tables.map(\.description).joined(separator: " ")
    try SourceInstallation.set(setting, .text(text), in: database)
  }
}
