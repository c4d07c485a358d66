import Conversion
import Journal
import Model
import Postgres
import Schema

/// Carries a change of the source's schema out on the target, inside the transaction that applies its group: what must
/// stand before the rows come, and after them what the rows have to meet.
///
/// What the server refuses of one table holds that table and none of the others.
struct SchemaSteps {
  private let change: PlanChange
  private let before: TargetPlan
  private let ownership: Ownership
  private let catalogue: TargetCatalogue
  /// The plan as far as it could be carried out.
  private(set) var plan: TargetPlan
  /// What people should know.
  private(set) var notes: [String] = []
  private var dropsViews = false

  init(_ change: PlanChange, from before: TargetPlan, _ ownership: Ownership, _ catalogue: TargetCatalogue) {
    self.change = change
    self.before = before
    self.ownership = ownership
    self.catalogue = catalogue
    plan = change.plan
  }

  private var ddl: DDL { DDL(plan) }
  /// Indexes, CHECK constraints and views come at the end of the first copy, for all tables.
  private var isPreparing: Bool { ownership.phase == .preparing }

  /// Brings the tables into the shape that the group's rows have.
  mutating func begin(_ connection: inout Connection) throws {
    dropsViews = !isPreparing && change.works.contains { $0.touchesViews }
    if dropsViews { for statement in ViewBuilder.removal(before) { try connection.execute(statement) } }
    for (old, _) in renames {
      try connection.execute("ALTER TABLE \(ddl.name(of: old)) RENAME TO \(Self.passing(old))")
    }
    for work in change.works {
      do {
        try connection.savepoint { connection in try run(work, &connection) }
      } catch {
        guard case .server(let refusal)? = error as? PostgresError, refusal.isAboutTheTable else { throw error }
        try hold(work, refusal, &connection)
      }
    }
  }

  /// Tables with another name: moved out of each other's way first.
  private var renames: [(old: TablePlan, new: TablePlan)] {
    change.works.compactMap { work in
      if case .alter(let old, let new, _) = work.task, old.targetName != new.targetName { (old, new) } else { nil }
    }
  }

  private static func passing(_ table: TablePlan) -> String {
    PostgresText.identifier("_changeover_renamed_\(table.id)")
  }

  private mutating func hold(
    _ work: PlanChange.Work, _ refusal: ServerError, _ connection: inout Connection
  ) throws {
    let hold = TableHold(.paused, "PostgreSQL refused to change its table: \(refusal.description)")
    if let old = before.tables.first(where: { $0.id == work.id }) {
      if renames.contains(where: { $0.old.id == work.id }) {
        try connection.execute(
          """
          ALTER TABLE \(PostgresText.identifier(plan.schema)).\(Self.passing(old)) \
          RENAME TO \(PostgresText.identifier(old.targetName))
          """)
      }
      if let place = plan.tables.firstIndex(where: { $0.id == work.id }) {
        plan.tables[place] = old
      } else {
        plan.tables.append(old)
      }
    } else {
      plan.tables.removeAll { $0.id == work.id }
    }
    plan.holds.removeAll { $0.table == work.id }
    plan.holds.append(TargetPlan.Hold(table: work.id, name: work.name, hold: hold))
    notes.append("table '\(work.name)' is paused: \(hold.reason); \(hold.remedy(work.name)) copies it again")
  }

  private mutating func run(_ work: PlanChange.Work, _ connection: inout Connection) throws {
    switch work.task {
    case .create(let table):
      try create(table, &connection)
      var row = Parameters()
      row.append(uuid: ownership.source)
      row.append(int64: table.id.rawValue)
      _ = try connection.query(
        """
        INSERT INTO \(catalogue.copy) (source, table_id, step) VALUES ($1, $2, 'done')
        ON CONFLICT (source, table_id) DO UPDATE SET step = 'done'
        """, row)
    case .recreate(let old, let new):
      let grants = try grants(of: old, for: new, &connection)
      try drop(old, &connection)
      try create(new, &connection)
      for grant in grants { try connection.execute(grant) }
    case .refill(let old, let new): try dropIndexes(of: old, butThoseOf: new, &connection)
    case .alter(let old, let new, let tasks): try alter(old, new, tasks, &connection)
    case .remove(let table):
      try drop(table, &connection)
      try forget(table, in: catalogue.copy, &connection)
      try forget(table, in: catalogue.quarantine, &connection)
    case .hold: break
    }
    if let note = work.note { notes.append(note) }
  }

  private func create(_ table: TablePlan, _ connection: inout Connection) throws {
    try connection.execute(
      ([ddl.createTable(table, withKey: true)]
        + TargetInstaller.guarding(table, of: ownership.source, in: plan, catalogue)).joined(separator: ";\n"))
  }

  private func drop(_ table: TablePlan, _ connection: inout Connection) throws {
    if table.isUserMade {
      let one = TargetPlan(schema: plan.schema, tables: [table])
      for statement in UserTables.givingBack(one) { try connection.execute(statement) }
    } else {
      try connection.execute("DROP TABLE IF EXISTS \(ddl.name(of: table))")
    }
    for statement in TargetInstaller.unguarding(table.id, of: ownership.source, catalogue) {
      try connection.execute(statement)
    }
  }

  /// The rights that others have on a table and on its columns, as statements for the one that takes its place.
  private func grants(
    of old: TablePlan, for new: TablePlan, _ connection: inout Connection
  ) throws -> [String] {
    var parameters = Parameters()
    parameters.append(text: ddl.name(of: old))
    let result = try connection.query(
      """
      WITH rights AS (
        SELECT NULL::text AS name, a.*, c.relowner FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = to_regclass($1)
        UNION ALL
        SELECT t.attname::text, a.*, c.relowner FROM pg_class AS c
        JOIN pg_attribute AS t ON t.attrelid = c.oid AND NOT t.attisdropped, aclexplode(t.attacl) AS a
        WHERE c.oid = to_regclass($1))
      SELECT name, privilege_type, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
      FROM rights WHERE grantee <> relowner
      """, parameters)
    return try (0..<result.rowCount).compactMap { row in
      var privilege = try result.string(row, 1)
      if let column = try result.stringOrNil(row, 0) {
        // What was granted on a column goes with it.
        guard new.columns.contains(where: { $0.targetName == column }) else { return nil }
        privilege += " (\(PostgresText.identifier(column)))"
      }
      return "GRANT \(privilege) ON \(ddl.name(of: new)) TO \(try result.string(row, 2))\(try result.string(row, 3))"
    }
  }

  private func forget(_ table: TablePlan, in name: String, _ connection: inout Connection) throws {
    var parameters = Parameters()
    parameters.append(uuid: ownership.source)
    parameters.append(int64: table.id.rawValue)
    _ = try connection.query("DELETE FROM \(name) WHERE source = $1 AND table_id = $2", parameters)
  }

  private func dropIndexes(
    of old: TablePlan, butThoseOf new: TablePlan, _ connection: inout Connection
  ) throws(PostgresError) {
    for index in old.indexes where !new.indexes.contains(index) {
      try connection.execute("DROP INDEX IF EXISTS \(PostgresText.identifier(plan.schema, index.name))")
    }
  }

  // MARK: Columns

  private func alter(
    _ old: TablePlan, _ new: TablePlan, _ tasks: [PlanChange.ColumnTask], _ connection: inout Connection
  ) throws {
    try dropIndexes(of: old, butThoseOf: new, &connection)
    if old.targetName != new.targetName {
      try connection.execute(
        """
        ALTER TABLE \(PostgresText.identifier(plan.schema)).\(Self.passing(old)) \
        RENAME TO \(PostgresText.identifier(new.targetName))
        """)
    }
    let name = ddl.name(of: new)
    for task in tasks {
      switch task {
      case .drop(let column):
        try connection.execute("ALTER TABLE \(name) DROP COLUMN \(PostgresText.identifier(column.targetName))")
      case .rename(let from, let to):
        try connection.execute(
          "ALTER TABLE \(name) RENAME COLUMN \(PostgresText.identifier(from)) TO \(PostgresText.identifier(to))")
      case .add(let column, let value): try add(column, value, to: name, &connection)
      }
    }
    if old.keyColumns.map(\.targetName) != new.keyColumns.map(\.targetName) {
      // The functions that record the application's writes name the key.
      for statement in TargetInstaller.unguarding(new.id, of: ownership.source, catalogue)
        + ["DROP TRIGGER IF EXISTS _changeover_fence ON \(name)"]
        + TargetInstaller.guarding(new, of: ownership.source, in: plan, catalogue)
      {
        try connection.execute(statement)
      }
    }
    if !tasks.isEmpty { try remake(old, new, &connection) }
  }

  /// The rows that are there get what SQLite shows for them, without being written anew.
  private func add(
    _ column: ColumnPlan, _ value: Value, to table: String, _ connection: inout Connection
  ) throws {
    let quoted = PostgresText.identifier(column.targetName)
    let type = column.typeSQL ?? column.type.sql
    guard let literal = try literal(value, of: column, &connection) else {
      return try connection.execute(
        "ALTER TABLE \(table) ADD COLUMN \(quoted) \(type)\(column.defaultSQL.map { " DEFAULT \($0)" } ?? "")"
          + (column.notNull ? " NOT NULL" : ""))
    }
    let notNull = column.notNull ? " NOT NULL" : ""
    try connection.execute(
      "ALTER TABLE \(table) ADD COLUMN \(quoted) \(type) DEFAULT \(literal)::\(column.castSQL)\(notNull)")
    let later = column.defaultSQL.map { "SET DEFAULT \($0)" } ?? "DROP DEFAULT"
    try connection.execute("ALTER TABLE \(table) ALTER COLUMN \(quoted) \(later)")
  }

  /// The value as the server writes it; nil for NULL. What does not fit is the server's to refuse: the table is held then.
  private func literal(
    _ value: Value, of column: ColumnPlan, _ connection: inout Connection
  ) throws -> String? {
    let codec = try ColumnCodec(column)
    var field = WireBuffer(capacity: 64)
    if let misfit = value.withView({ Conversion.append($0, as: codec, to: &field) }) {
      throw PostgresError.server(
        ServerError(sqlState: "22000", message: "the default of column '\(column.sourceName)' \(misfit.reason)"))
    }
    guard field.bytes.loadUnaligned(as: Int32.self) != -1 else { return nil }
    var parameters = Parameters()
    parameters.append(
      raw: UnsafeRawBufferPointer(rebasing: field.bytes[4...]), oid: OID(column.type.elementOID))
    // Exact for every type: PostgreSQL prints doubles so that they read back as they were.
    return try connection.query("SELECT quote_literal($1::text)", parameters).string(0, 0)
  }

  /// Images in the quarantine have the columns of the table as it was.
  private func remake(_ old: TablePlan, _ new: TablePlan, _ connection: inout Connection) throws {
    try Quarantine(catalogue, ownership.source).remake(of: new.id, &connection) { image in
      guard image.count == old.columns.count else { return nil }
      var values = Dictionary(
        zip(old.columns.map(\.sourceName), image), uniquingKeysWith: { a, _ in a })
      for case .alter(let before, let after, let tasks) in change.works.map(\.task) where before.id == old.id {
        for (column, later) in zip(Self.staying(before, tasks), Self.staying(after, tasks)) {
          values[later.sourceName] = values[column.sourceName]
        }
        for case .add(let column, let value) in tasks { values[column.sourceName] = value }
      }
      return new.columns.map { values[$0.sourceName] ?? .null }
    }
  }

  /// The columns that are there before and after, under whatever names.
  private static func staying(_ table: TablePlan, _ tasks: [PlanChange.ColumnTask]) -> [ColumnPlan] {
    table.columns.filter { column in
      !tasks.contains { task in
        switch task {
        case .drop(let other), .add(let other, _): other.sourceName == column.sourceName
        case .rename: false
        }
      }
    }
  }

  // MARK: After the rows

  /// Builds what the rows have to meet, and keeps the plan with the position.
  mutating func finish(_ connection: inout Connection) throws {
    if !isPreparing {
      for work in change.works { try finish(work, &connection) }
      if dropsViews { try createViews(&connection) }
    }
    var parameters = Parameters()
    parameters.append(uuid: ownership.source)
    parameters.append(text: try plan.json)
    _ = try connection.query("UPDATE \(catalogue.source) SET plan = $2 WHERE source = $1", parameters)
  }

  private mutating func finish(_ work: PlanChange.Work, _ connection: inout Connection) throws {
    guard !plan.holds.contains(where: { $0.table == work.id }) else { return }
    switch work.task {
    case .create(let table), .recreate(_, let table):
      for check in table.checks { try add(check, to: table, &connection) }
      for index in table.indexes { try build(index, on: table, &connection) }
    case .refill(let old, let new), .alter(let old, let new, _):
      for index in new.indexes where !old.indexes.contains(index) { try build(index, on: new, &connection) }
    case .hold, .remove: break
    }
  }

  private mutating func build(
    _ index: IndexPlan, on table: TablePlan, _ connection: inout Connection
  ) throws {
    do {
      try connection.savepoint { connection in
        try connection.execute(ddl.createIndex(index, on: table, unique: index.isUnique))
      }
    } catch let error as PostgresError {
      switch error.sqlState {
      case "23505" where index.isUnique:
        try connection.execute(ddl.createIndex(index, on: table, unique: false))
        notes.append(
          "UNIQUE index '\(index.name)' on '\(table.targetName)' holds equal values there: made without UNIQUE")
      case "54000":
        notes.append(
          "index '\(index.name)' on '\(table.targetName)' is left out: its entries are too long for PostgreSQL")
      default:
        guard case .server(let refusal) = error, refusal.isAboutTheStatement else { throw error }
        notes.append("index '\(index.name)' on '\(table.targetName)' is left out: \(refusal.description)")
      }
    }
  }

  private mutating func add(_ check: CheckPlan, to table: TablePlan, _ connection: inout Connection) throws {
    do {
      try connection.savepoint { connection in
        try connection.execute(ddl.addCheck(check, on: table))
        try connection.execute(ddl.validateCheck(check, on: table))
      }
    } catch let error as PostgresError {
      guard case .server(let refusal) = error, refusal.isAboutTheStatement || error.refusesRows else { throw error }
      notes.append("CHECK '\(check.name)' of '\(table.targetName)' is left out: \(refusal.description)")
    }
  }

  /// The views over tables that changed, where they can still be.
  private mutating func createViews(_ connection: inout Connection) throws {
    for view in plan.views {
      do {
        try connection.savepoint { connection in
          for statement in ViewBuilder.creation(view, ddl) { try connection.execute(statement) }
        }
      } catch let error as PostgresError {
        guard case .server(let refusal) = error, refusal.isAboutTheTable else { throw error }
        notes.append("view '\(view.targetName)' is left out since the schema changed: \(refusal.description)")
        plan.views.removeAll { $0.targetName == view.targetName }
      }
    }
  }
}

extension PlanChange.Work {
  /// Whether the server would refuse it for the sake of views over the table.
  fileprivate var touchesViews: Bool {
    switch task {
    case .recreate, .remove: true
    case .alter(_, _, let tasks): tasks.contains { if case .drop = $0 { true } else { false } }
    case .create, .refill, .hold: false
    }
  }

  fileprivate var note: String? {
    switch task {
    case .create: "table '\(name)' moves too: \(reason ?? "it is new")"
    case .refill, .recreate: "table '\(name)' is copied again: \(reason ?? "its schema changed")"
    case .alter: "the change of table '\(name)' is carried over"
    case .remove: "table '\(name)' is taken off the target"
    case .hold(let hold): "table '\(name)' does not follow: \(hold.reason); \(hold.remedy(name))"
    }
  }
}

extension ColumnPlan {
  /// The type for a cast; a collation cannot stand there.
  fileprivate var castSQL: String { typeSQL ?? type.baseSQL }
}

extension ServerError {
  /// The statement cannot be carried out as the table, or what depends on it, stands.
  fileprivate var isAboutTheTable: Bool {
    isAboutTheStatement || ["2BP01", "55006"].contains(sqlState)
  }
}

extension Connection {
  /// Runs `body` so that what it did is undone where it throws, and the transaction goes on.
  fileprivate mutating func savepoint(_ body: (inout Connection) throws -> Void) throws {
    try execute("SAVEPOINT changeover_step")
    do {
      try body(&self)
      try execute("RELEASE SAVEPOINT changeover_step")
    } catch {
      if isHealthy { try execute("ROLLBACK TO SAVEPOINT changeover_step; RELEASE SAVEPOINT changeover_step") }
      throw error
    }
  }
}
