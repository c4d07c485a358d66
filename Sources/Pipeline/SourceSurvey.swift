import Capture
import Model
import SQLite
import Schema

/// Settles which tables and columns move, and reads what they hold.
struct SourceSurvey {
  /// What the user says of types, readings and names.
  let overrides: Overrides
  let stop: StopSignal
  let report: Report

  /// The tables with what the user says of them: checked, and columns left out.
  func settled(_ installed: [SourceTable]?, _ found: SourceCatalogue) throws -> [SourceTable] {
    let tables = installed ?? found.tables
    try OverrideCheck(overrides).check(tables, others: found.leftOut.map(\.name))
    guard installed == nil else { return tables }
    return tables.map { table in
      var table = table
      table.exclude(overrides.excludedColumns(of: table.name))
      for column in table.excluded ?? [] { report(.note("\(table.name): column '\(column.name)' stays out")) }
      return table
    }
  }

  /// Reads what all columns hold; a key that cannot be the target's gives way to the rowid.
  /// - Parameters:
  ///   - types: what is said of the columns, by the user or by tables that stand on the target.
  ///   - mayDraft: whether a sample of a large table's rows will do for now.
  func scan(
    _ tables: [SourceTable], _ types: Overrides, isInstalled: Bool, mayDraft: Bool = false,
    _ database: borrowing Database
  ) throws -> [Survey.Table] {
    guard !tables.isEmpty else {
      throw Failure(
        .badData, "\(database.path) has no table to move", remedy: "check --source, --include and --exclude")
    }
    return try tables.map { table in
      let scan = try TypeScan.scan(
        table, in: database, overrides: types,
        sample: mayDraft && Self.canBeDrafted(table, types) ? Self.sampleRows : nil, stop: stop
      ) {
        report(.scanning(table: table.name, rows: $0))
      }
      var input = Planner.Input(table: table, facts: scan.facts)
      try OverrideCheck(overrides).checkFit(input)
      if !isInstalled, !Planner.keyHolds(input) {
        guard let rowid = KeyChoice.rowidKey(of: table) else {
          throw Failure(
            .badData,
            "the key of table '\(table.name)' holds values of several storage classes that would meet in PostgreSQL",
            remedy: "make them one class, or leave the table out with --exclude")
        }
        input.table.key = rowid
      }
      return Survey.Table(input: input, rows: scan.rows)
    }
  }

  /// What a key of columns holds decides what is installed in the source, and what a chosen type takes whether anything is.
  private static func canBeDrafted(_ table: SourceTable, _ types: Overrides) -> Bool {
    if case .columns = table.key { return false }
    return types.tables[table.name.lowercased()] == nil
  }

  /// Tables of no more rows are read as a whole.
  private static var sampleRows: Int { TestSetting.sampleRows ?? 20_000 }
}
