import Capture
import Model
import SQLite
import Schema

/// What applying needs of one connection: prepared tables and the quarantine.
final class ReverseDesk {
  let quarantine: ReverseQuarantine
  private let connection: Int
  private let schemaVersion: Int64
  /// Moves when another connection commits.
  private let dataVersion: Int64
  private let installed: [TableID: SourceTable]
  /// A table has several where its batches did not all declare the same columns.
  private var tables: [TableID: [ReturningTable]] = [:]

  /// Inside the transaction that applies. Looks whether VACUUM renumbered rows.
  init(_ installation: SourceInstallation, in database: borrowing Database) throws {
    connection = database.identity
    quarantine = try ReverseQuarantine(in: database)
    installed = Dictionary(installation.tables.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
    try AwaitedTables.look(installation, in: database)
    schemaVersion = try database.integer("PRAGMA schema_version")
    dataVersion = try database.integer("PRAGMA data_version")
  }

  /// Whether connection, schema and data are those that all this was made for.
  func isCurrent(_ database: borrowing Database) throws -> Bool {
    try connection == database.identity && schemaVersion == database.integer("PRAGMA schema_version")
      && dataVersion == database.integer("PRAGMA data_version")
  }

  /// The statements of a table, prepared when it is first written. Columns that the plan lacks stay as they are.
  func table(_ plan: TablePlan, in database: borrowing Database) throws -> ReturningTable {
    if let table = tables[plan.id]?.first(where: { $0.plan == plan }) { return table }
    guard var source = installed[plan.id] else {
      throw Failure(
        .badData, "the target's table '\(plan.targetName)' has no table in \(database.path) that it came from",
        remedy: "changeover status tells where the move stands")
    }
    let names = Set(plan.columns.map(\.sourceName))
    source.exclude(Set(source.columns.map(\.name).filter { !names.contains($0) }.map { $0.lowercased() }))
    let table = try ReturningTable(source, plan, in: database)
    tables[plan.id, default: []].append(table)
    return table
  }
}
