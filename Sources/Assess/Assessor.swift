import Capture
import Model
import Pipeline
import SQLite
import Schema

/// What an assessment looks at.
package struct AssessOptions: Sendable {
  package var source: String
  package var selection: TableSelection
  package var targetSchema: String
  package var overrides: Overrides
  /// About how many rows are read of each table; nil for all.
  package var sampleRows: Int?
  package var showsValues: Bool
  /// Seconds that counting the orphans of one table's foreign keys may take.
  package var orphanSeconds = 60.0

  package init(
    source: String, selection: TableSelection = TableSelection(), targetSchema: String = "public",
    overrides: Overrides = Overrides(), sampleRows: Int? = nil, showsValues: Bool = false
  ) {
    self.source = source
    self.selection = selection
    self.targetSchema = targetSchema
    self.overrides = overrides
    self.sampleRows = sampleRows
    self.showsValues = showsValues
  }
}

/// How far an assessment is.
package enum AssessEvent: Sendable {
  /// Rows read of all tables, of about so many.
  case reading(table: String, rows: Int64, expected: Int64)
  case checkingForeignKeys(table: String)
}

/// Reads a source in short read transactions and writes nothing anywhere.
package struct Assessor {
  private let options: AssessOptions
  private let stop: StopSignal
  private let report: (AssessEvent) -> Void

  package init(_ options: AssessOptions, stop: StopSignal, _ report: @escaping (AssessEvent) -> Void) {
    self.options = options
    self.stop = stop
    self.report = report
  }

  package func run() throws -> Assessment {
    do {
      let database = try SourceFile.openLeavingNoTrace(options.source)
      return try assess(database)
    } catch let error as SQLiteError {
      try stop.check()  // An interrupted statement is a stop that was asked for.
      throw error.failure(path: options.source)
    }
  }

  private func assess(_ database: borrowing Database) throws -> Assessment {
    let selection = options.selection
    let (catalogue, strict) = try database.transaction(.deferred) { database in
      (try SourceCatalogue.read(database, selection: selection), try Self.strictTables(database))
    }
    var profile = try FileCheck.profile(options.source, database)
    profile.sampleRows = options.sampleRows.map { Int64($0) }
    var findings = try SchemaCheck.installation(database) + FileCheck.findings(profile)

    try OverrideCheck(options.overrides).check(catalogue.tables, others: catalogue.leftOut.map(\.name))
    let tablesToRead = catalogue.tables.map { table in
      var table = table
      table.exclude(options.overrides.excludedColumns(of: table.name))
      return table
    }
    let stop = stop
    let scan = try scan(tablesToRead, usedBytes: profile.usedBytes, database)
    findings += scan.findings
    let plan = Planner.plan(
      scan.inputs, views: catalogue.views, schema: options.targetSchema, overrides: options.overrides)
    findings += try SchemaCheck.findings(catalogue, plan: plan, database)
    findings += NameCheck.findings(scan.inputs.map(\.table), plan: plan)

    var tables: [AssessedTable] = []
    for (number, input) in scan.inputs.enumerated() {
      let table = plan.tables[number]
      let check = ColumnCheck(
        input: input, plan: table, scanned: scan.tables[number], overrides: options.overrides,
        isUTF8: profile.encoding == "UTF-8", showsValues: options.showsValues)
      tables.append(
        AssessedTable(
          name: table.sourceName, targetName: table.targetName, rows: scan.rows[number],
          key: table.keyColumns.map(\.targetName), columns: check.columns()))
      findings += PlanNotes.findings(table)
      findings += try check.findings(database, stop: stop)
      findings += try SchemaCheck.findings(input, plan: table, isStrict: strict.contains(table.sourceName), database)
      let orphans = ForeignKeyCheck(table: input.table, deadline: .now + .seconds(options.orphanSeconds))
      findings += try orphans.findings(scan.inputs.map(\.table), database, stop: stop) {
        report(.checkingForeignKeys(table: table.sourceName))
      }
    }
    let estimate = MoveEstimate(
      scanSeconds: scan.seconds, rowsRead: scan.rowsRead, rows: scan.rows.reduce(0) { $0 &+ $1 },
      usedBytes: profile.usedBytes)
    return Assessment(source: profile, tables: tables, findings: findings, estimate: estimate)
  }

  private static func strictTables(_ database: borrowing Database) throws -> Set<String> {
    var names: Set<String> = []
    try database.forEach("SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict") {
      names.insert($0.string(0) ?? "")
    }
    return names
  }

  // MARK: Reading the rows

  /// What reading all tables gave.
  private struct Scan {
    var inputs: [Planner.Input] = []
    /// The tables with the keys that they were read by.
    var tables: [SourceTable] = []
    var rows: [Int64] = []
    var rowsRead: Int64 = 0
    var seconds = 0.0
    var findings: [Finding] = []
  }

  private func scan(
    _ tables: [SourceTable], usedBytes: Int64, _ database: borrowing Database
  ) throws -> Scan {
    // A row takes a few bytes at the least.
    let most = usedBytes / 8
    let total = try tables.reduce(0) { $0 &+ (try expected($1, atMost: most, database)) }
    let started = ContinuousClock.now
    var scan = Scan()
    let stop = stop
    try database.interrupting(when: { stop.isRequested }) { database in
      for table in tables { try self.scan(table, of: total, database, &scan) }
    }
    scan.seconds = started.duration(to: .now) / .seconds(1)
    return scan
  }

  private func scan(
    _ table: SourceTable, of total: Int64, _ database: borrowing Database, _ scan: inout Scan
  ) throws {
    let before = scan.rowsRead
    report(.reading(table: table.name, rows: before, expected: total))
    let result: TypeScan.Result
    do {
      result = try TypeScan.scan(
        table, in: database, overrides: options.overrides, sample: options.sampleRows, measuresTexts: true, stop: stop
      ) {
        report(.reading(table: table.name, rows: before &+ $0, expected: max(total, before &+ $0)))
      }
    } catch let error as SQLiteError where error.isGenericError {
      // An expression of a generated column that fails for a row. The message names no values.
      scan.findings.append(Finding(.unreadableTable, table: table.name, error.message))
      return
    }
    scan.rowsRead &+= result.facts.first?.sampledRows ?? result.rows
    var input = Planner.Input(table: table, facts: result.facts)
    if !Planner.keyHolds(input) {
      guard let rowid = KeyChoice.rowidKey(of: table) else {
        scan.findings.append(
          Finding(
            .keyCannotMove, table: table.name,
            "its key holds values of several storage classes that would meet in PostgreSQL, and it has no rowid"))
        return
      }
      input.table.key = rowid
    }
    scan.inputs.append(input)
    scan.tables.append(table)
    scan.rows.append(result.rows)
  }

  /// About how many rows a table has, for the progress bar: without counting them, which would keep a transaction open
  /// for long.
  private func expected(_ table: SourceTable, atMost most: Int64, _ database: borrowing Database) throws -> Int64 {
    guard case .rowid(let alias)? = KeyChoice.rowidKey(of: table) else { return 0 }
    let name = SQLiteText.identifier(table.name)
    guard case .integer(let last)? = try database.scalar("SELECT max(\(alias)) FROM \(name)"),
      case .integer(let first)? = try database.scalar("SELECT min(\(alias)) FROM \(name)")
    else { return 0 }
    let (span, overflows) = last.subtractingReportingOverflow(first)
    let rows = overflows ? most : min(span, most)
    return min(rows, options.sampleRows.map { Int64($0) } ?? .max) &+ 1
  }
}
