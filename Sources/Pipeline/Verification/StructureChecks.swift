import Apply
import Capture
import Model
import Postgres
import Schema

/// Looks at what belongs to the rows on the target: keys, indexes, constraints, sequences.
struct StructureChecks {
  private let record: SourceRecord
  private let sources: [SourceTable]
  /// Only of the tables that were compared.
  private let plan: TargetPlan
  private let ddl: DDL

  init(_ record: SourceRecord, _ sources: [SourceTable], only tables: Set<TableID>) {
    self.record = record
    self.sources = sources
    var plan = record.plan
    plan.tables.removeAll { !tables.contains($0.id) }
    if plan.tables.count < record.plan.tables.count { plan.views = [] }
    self.plan = plan
    ddl = DDL(plan)
  }

  func run(_ connection: inout Connection) throws -> [VerifyCheck] {
    [
      try Self.asking(.foreignKeys) { try foreignKeys(&connection) },
      try Self.asking(.schema) { try schema(&connection) },
      try Self.asking(.sequences) { try sequences(&connection) },
      try Self.asking(.requiredColumns) { try requiredColumns(&connection) },
    ]
  }

  /// What the server refuses to tell is a finding too.
  private static func asking(_ name: VerifyCheck.Name, _ body: () throws -> VerifyCheck) throws -> VerifyCheck {
    do {
      return try body()
    } catch let error as PostgresError where error.sqlState != nil && !error.isTransient {
      return VerifyCheck(name, "not checked", findings: ["could not be checked: \(error.description)"])
    }
  }

  // MARK: Foreign keys

  private func foreignKeys(_ connection: inout Connection) throws -> VerifyCheck {
    let count = plan.tables.reduce(0) { $0 + $1.foreignKeys.count + ($1.kept?.foreignKeys.count ?? 0) }
    let hasKeys = record.phase != .preparing && record.phase != .syncing
    var findings = try ForeignKeys(plan).obstacles(&connection).map { obstacle in
      obstacle.orphans.map { "\(obstacle.key): \($0) rows of '\(obstacle.table)' lead nowhere" }
        ?? "\(obstacle.key): the columns that '\(obstacle.table)' refers to are not unique on the target"
    }
    if hasKeys { findings += try missingKeys(&connection) }
    let detail = hasKeys ? "\(count) keys" : "\(count) keys come at the switch; their rows were looked at"
    return VerifyCheck(.foreignKeys, detail, findings: findings)
  }

  /// After the switch each key stands, checked by the server.
  private func missingKeys(_ connection: inout Connection) throws -> [String] {
    var findings: [String] = []
    for table in plan.tables {
      var parameters = Parameters()
      parameters.append(text: ddl.name(of: table))
      let result = try connection.query(
        "SELECT conname::text, convalidated FROM pg_constraint WHERE conrelid = to_regclass($1) AND contype = 'f'",
        parameters)
      var valid: [String: Bool] = [:]
      for row in 0..<result.rowCount { valid[try result.string(row, 0)] = try result.bool(row, 1) }
      for key in table.foreignKeys {
        switch valid[key.name] {
        case nil: findings.append("\(key.name): the key is missing on '\(table.targetName)'")
        case false: findings.append("\(key.name): the key is NOT VALID on '\(table.targetName)'")
        default: break
        }
      }
    }
    return findings
  }

  // MARK: Schema

  /// What `schema` would create and does not stand there as it would. What the user added is the user's.
  private func schema(_ connection: inout Connection) throws -> VerifyCheck {
    var made = plan
    made.tables.removeAll(where: \.isUserMade)
    // They are looked at on their own, and would want the tables here that they refer to.
    for place in made.tables.indices { made.tables[place].foreignKeys = [] }
    let names = Set(made.tables.map(\.targetName))
    let found = try TargetIntrospection.read(schema: plan.schema, &connection).filter {
      names.contains($0.name) || $0.kind != .table
    }
    let differences = SchemaDifference.all(
      planned: try SchemaCreation.described(made, &connection), views: made.views.map(\.targetName), found: found,
      standing: [:])
    let missing = differences.filter { $0.planned != nil }
    return VerifyCheck(
      .schema, "columns, keys, indexes, checks and views of \(made.tables.count) tables",
      findings: missing.map(\.sentence))
  }

  // MARK: Sequences

  private func sequences(_ connection: inout Connection) throws -> VerifyCheck {
    var drawn: [(table: TablePlan, column: String, sequence: String)] = []
    for table in plan.tables {
      if let kept = table.kept {
        drawn += kept.sequences.map { (table, $0.column, PostgresText.literal($0.sequence)) }
      } else if let column = table.identityColumn {
        let sequence =
          "pg_get_serial_sequence(\(PostgresText.literal(ddl.name(of: table))), "
          + "\(PostgresText.literal(column.targetName)))"
        drawn.append((table, column.targetName, sequence))
      }
    }
    guard record.phase != .preparing, record.phase != .syncing else {
      return VerifyCheck(.sequences, "\(drawn.count) sequences are set past the largest keys at the switch")
    }
    var findings: [String] = []
    for (table, column, sequence) in drawn {
      let result = try connection.query(
        """
        SELECT coalesce(max(\(PostgresText.identifier(column))), 0)::int8, (\(sequence)::regclass)::text
        FROM \(ddl.name(of: table))
        """)
      let largest = try result.int64(0, 0)
      guard let name = try result.stringOrNil(0, 1) else {
        findings.append("\(table.targetName).\(column): there is no sequence that it draws from")
        continue
      }
      // After RESTART it has handed nothing out yet, and its value is the one that comes next.
      let last = try connection.query("SELECT last_value - (NOT is_called)::int FROM \(name)").int64(0, 0)
      if largest > 0, last < largest {
        findings.append("\(table.targetName).\(column): the next number is not above the largest key, \(largest)")
      }
    }
    return VerifyCheck(.sequences, "\(drawn.count) sequences", findings: findings)
  }

  // MARK: Required columns

  /// NULL where the source or the plan allows none; the server vouches for columns that are NOT NULL there.
  private func requiredColumns(_ connection: inout Connection) throws -> VerifyCheck {
    var findings: [String] = []
    var count = 0
    for table in plan.tables {
      let source = sources.first { $0.id == table.id }
      let required = table.columns.enumerated().filter { place, column in
        column.notNull || source.map { place < $0.columns.count && $0.columns[place].notNull } ?? false
      }.map(\.element.targetName)
      count += required.count
      let guarded = try guardedColumns(of: table, &connection)
      let open = required.filter { !guarded.contains($0) }
      guard !open.isEmpty else { continue }
      let counts = open.map { "count(*) FILTER (WHERE \(PostgresText.identifier($0)) IS NULL)" }
      let result = try connection.query(
        "SELECT \(counts.joined(separator: ", ")) FROM \(ddl.name(of: table))")
      for (place, column) in open.enumerated() {
        let rows = try result.int64(0, place)
        if rows > 0 { findings.append("\(table.targetName).\(column): \(rows) rows hold NULL") }
      }
    }
    return VerifyCheck(.requiredColumns, "\(count) columns take no NULL", findings: findings)
  }

  private func guardedColumns(of table: TablePlan, _ connection: inout Connection) throws -> Set<String> {
    var parameters = Parameters()
    parameters.append(text: ddl.name(of: table))
    let result = try connection.query(
      "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND attnotnull",
      parameters)
    return Set(try (0..<result.rowCount).map { try result.string($0, 0) })
  }
}
