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
  /// - Parameter types: what is said of the columns, by the user or by tables that stand on the target.
  func scan(
    _ tables: [SourceTable], _ types: Overrides, isInstalled: Bool, _ database: borrowing Database
  ) throws -> (inputs: [Planner.Input], rows: [Int64]) {
    guard !tables.isEmpty else {
      throw Failure(
        .badData, "\(database.path) has no table to move", remedy: "check --source, --include and --exclude")
    }
    var inputs: [Planner.Input] = []
    var rows: [Int64] = []
    for table in tables {
      let scan = try TypeScan.scan(table, in: database, overrides: types, stop: stop) {
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
      inputs.append(input)
      rows.append(scan.rows)
    }
    return (inputs, rows)
  }
}
