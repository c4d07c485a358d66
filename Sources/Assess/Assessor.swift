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
    let scan = try scan(tablesToRead, database)
    findings += scan.findings
    let plan = Planner.plan(
      scan.inputs, views: catalogue.views, schema: options.targetSchema, overrides: options.overrides)
    findings += try SchemaCheck.findings(catalogue, plan: plan, database)
    findings += NameCheck.findings(scan.inputs.map(\.table), plan: plan)

    var tables: [AssessedTable] = []
    for (number, input) in scan.inputs.enumerated() {
      let table = plan.tables[number]
      let check = ColumnCheck(
        input: input, plan: table, overrides: options.overrides, isUTF8: profile.encoding == "UTF-8",
        showsValues: options.showsValues)
      tables.append(
        AssessedTable(
          name: table.sourceName, targetName: table.targetName, rows: scan.rows[number],
          key: table.keyColumns.map(\.targetName), columns: check.columns()))
      findings += PlanNotes.findings(table)
      findings += try database.interrupting(when: { stop.isRequested }) { try check.findings($0) }
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
    var rows: [Int64] = []
    var rowsRead: Int64 = 0
    var seconds = 0.0
    var findings: [Finding] = []
  }

  private func scan(_ tables: [SourceTable], _ database: borrowing Database) throws -> Scan {
    var expected: [Int64] = []
    for table in tables { expected.append(try self.expected(table, database)) }
    let total = expected.reduce(0) { $0 &+ $1 }
    let started = ContinuousClock.now
    var scan = Scan()
    let stop = stop
    try database.interrupting(when: { stop.isRequested }) { database in
      for (table, rows) in zip(tables, expected) { try self.scan(table, rows, of: total, database, &scan) }
    }
    scan.seconds = started.duration(to: .now) / .seconds(1)
    return scan
  }

  private func scan(
    _ table: SourceTable, _ expected: Int64, of total: Int64, _ database: borrowing Database, _ scan: inout Scan
  ) throws {
    let before = scan.rowsRead
    report(.reading(table: table.name, rows: before, expected: total))
    let result: TypeScan.Result
    do {
      result = try TypeScan.scan(
        table, in: database, overrides: options.overrides, sample: options.sampleRows, stop: stop
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
    scan.rows.append(result.rows)
  }

  /// About how many rows a table has, without counting them: for the progress bar.
  private func expected(_ table: SourceTable, _ database: borrowing Database) throws -> Int64 {
    let name = SQLiteText.identifier(table.name)
    guard case .rowid(let alias)? = KeyChoice.rowidKey(of: table) else {
      return try database.integer("SELECT count(*) FROM \(name)")
    }
    let last = try database.integer("SELECT max(\(alias)) FROM \(name)")
    let first = try database.integer("SELECT min(\(alias)) FROM \(name)")
    let (span, overflows) = last.subtractingReportingOverflow(first)
    // Rowids may be anything: where they are sparse, counting is the honest way.
    guard !overflows, span < 50_000_000 else { return try database.integer("SELECT count(*) FROM \(name)") }
    return last == 0 && first == 0 ? 0 : span + 1
  }
}
