import FoundationEssentials
import Model
import SQLite

/// The source's schema, or what is asked of its tables, is not what was taken up last.
package struct SchemaMoved: Error {
  package init() {}
}

/// Takes up what the application did to its schema: decides, and brings triggers and catalogue into accord in one short
/// transaction, together with the steps that the next group carries to the target.
package struct SchemaTakeUp {
  package struct Outcome: Sendable {
    /// What was decided of each table.
    package var steps: [TableStep] = []
    /// Views that came since the schema was last taken up.
    package var newViews: [String] = []
    package var installation: SourceInstallation
  }

  private let selection: TableSelection
  private let policy: SchemaPolicy
  private let isCopying: Bool
  private let excludedColumns: @Sendable (String) -> Set<String>
  /// Whether a key of a new table holds on the target: no NULL in it, and no two keys that would meet there.
  private let keyHolds: (SourceTable, borrowing Database) throws -> Bool

  package init(
    selection: TableSelection, policy: SchemaPolicy, isCopying: Bool,
    excludedColumns: @escaping @Sendable (String) -> Set<String> = { _ in [] },
    keyHolds: @escaping (SourceTable, borrowing Database) throws -> Bool = { _, _ in true }
  ) {
    self.selection = selection
    self.policy = policy
    self.isCopying = isCopying
    self.excludedColumns = excludedColumns
    self.keyHolds = keyHolds
  }

  /// What was read before the write lock is taken.
  private struct Look {
    var installation: SourceInstallation
    var now: SchemaListing
    var parents: ActionParents
    var decision: SchemaDecision
  }

  /// Takes up everything that is there now. Throws a busy error where the application has the source to itself.
  package func run(in database: borrowing Database) throws -> Outcome {
    // A schema that moves on between the look and the lock is looked at again.
    while true {
      let seen = try look(database)
      guard seen.installation.switchID == nil, seen.decision.concerns(seen.now) else {
        return Outcome(installation: seen.installation)
      }
      if let outcome = try write(try prepared(seen, database), seen, database) { return outcome }
    }
  }

  private func look(_ database: borrowing Database) throws -> Look {
    try database.transaction(.deferred) { database in
      guard let installation = try SourceInstallation.read(database) else {
        throw Failure(
          .badData, "changeover's own tables were removed from \(database.path)",
          remedy: "start the copy over with sync --reseed")
      }
      let now = try SchemaListing.now(database)
      guard now.canary != nil else {
        throw Failure(
          .badData, "changeover's own tables were removed from \(database.path)",
          remedy: "start the copy over with sync --reseed")
      }
      let known = try SchemaListing.known(database)
      let shapes = try SourceCatalogue.read(database, selection: selection).tables
      // A table that moves goes on moving, whatever is selected now.
      let others = installation.installed.map(\.table.name).filter { name in
        !shapes.contains { $0.name.isSpelled(name) }
      }
      let more = try others.compactMap { try SourceCatalogue.readTable(named: $0, in: database) }
        .filter { database.compiles(RowReader.query($0)) }
      let parents = try ActionParents.read(database)
      let decision = SchemaDecision(
        from: known, to: now, installed: installation.installed, shapes: shapes + more, parents: parents,
        policy: policy, isCopying: isCopying)
      return Look(installation: installation, now: now, parents: parents, decision: decision)
    }
  }

  /// The outcomes with what only the database can tell: values of new columns, and whether keys hold.
  private func prepared(_ seen: Look, _ database: borrowing Database) throws -> [SchemaDecision.Outcome] {
    try seen.decision.outcomes.map { outcome in
      var outcome = outcome
      switch outcome.action {
      case .altered(let changes):
        outcome.action = .altered(try changes.map { try filled($0, of: outcome.table.table) })
      case .copied:
        if outcome.table.table.id.rawValue == 0 {
          outcome.table.table.exclude(excludedColumns(outcome.table.table.name))
        }
        guard case .columns = outcome.table.table.key, try !holds(outcome.table.table, database) else { break }
        if let rowid = KeyChoice.rowidKey(of: outcome.table.table) {
          outcome.table.table.key = rowid
        } else {
          let hold = TableHold(.paused, "its key holds values that would meet in PostgreSQL")
          outcome.table.hold = hold
          outcome.action = .held(hold)
        }
      case .held, .removed, nil: break
      }
      return outcome
    }
  }

  private func holds(_ table: SourceTable, _ database: borrowing Database) throws -> Bool {
    do {
      return try keyHolds(table, database)
    } catch is SchemaMoved {
      return true  // What is decided here is not written.
    }
  }

  /// What the rows that were there show in a column that was added: what SQLite makes of its default.
  private func filled(_ change: TableChange, of table: SourceTable) throws -> TableChange {
    guard case .added(let name, _) = change, let column = table.columns.first(where: { $0.name.isSpelled(name) }) else {
      return change
    }
    let memory = try Database(path: ":memory:", access: .create)
    let quoted = SQLiteText.identifier(name)
    var definition = "\(quoted) \(column.affinity == .blob ? "" : column.affinity.rawValue.uppercased())"
    if let value = column.defaultExpression { definition += " DEFAULT (\(value))" }
    do {
      try memory.execute(
        "CREATE TABLE t (x); INSERT INTO t VALUES (1); CREATE TABLE u (\(definition)); INSERT INTO u DEFAULT VALUES")
      return .added(column: name, value: try memory.scalar("SELECT \(quoted) FROM u") ?? .null)
    } catch {
      // A default that is no constant is allowed where the table was empty: then no row shows it.
      return .added(column: name, value: .null)
    }
  }

  /// Nil where the schema, or what was known of it, moved on since.
  private func write(
    _ outcomes: [SchemaDecision.Outcome], _ seen: Look, _ database: borrowing Database
  ) throws -> Outcome? {
    try database.transaction(.immediate) { database in
      guard try database.integer("PRAGMA schema_version") == seen.now.version,
        let current = try SourceInstallation.read(database), current.installed == seen.installation.installed,
        current.switchID == nil
      else { return nil }
      var steps: [TableStep] = []
      for table in seen.decision.removed {
        try forget(table.table.id, database)
        steps.append(TableStep(table: table.table.id, name: table.table.name, action: .removed))
      }
      var next = try database.integer("SELECT coalesce(max(id), 0) + 1 FROM \(SourceNames.table)")
      // Numbers are not given twice: the target may still know them.
      next = max(next, try database.integer("SELECT coalesce(max(tbl), 0) + 1 FROM \(SourceNames.step)"))
      for var outcome in outcomes {
        if outcome.table.table.id.rawValue == 0 {
          outcome.table.table.id = TableID(next)
          next += 1
        }
        let hold = try install(outcome.table, seen.parents, database)
        if let hold, hold != outcome.table.hold {
          outcome.table.hold = hold
          outcome.action = .held(hold)
        }
        try store(outcome.table, database)
        if let action = outcome.action {
          steps.append(
            TableStep(table: outcome.table.table.id, name: outcome.table.table.name, action: action))
        }
      }
      if !steps.isEmpty { try log(steps, database) }
      try SchemaListing.record(in: database)
      guard let installation = try SourceInstallation.read(database) else { return nil }
      return Outcome(steps: steps, newViews: seen.decision.newViews, installation: installation)
    }
  }

  /// Brings a table's triggers into accord with its shape; returns the hold that it has then, as one that cannot have
  /// triggers is paused.
  private func install(
    _ installed: InstalledTable, _ parents: ActionParents, _ database: borrowing Database
  ) throws -> TableHold? {
    let table = installed.table
    try SourceInstallation.dropTriggers(of: table.id, in: database)
    if let hold = installed.hold { return hold }
    try database.execute("SAVEPOINT changeover_triggers")
    do {
      try SourceInstallation.widen(to: TriggerSet.keyWidth(of: table), in: database)
      try SourceInstallation.createTriggers(of: table, parents, in: database)
      try database.execute("RELEASE changeover_triggers")
      return nil
    } catch {
      try database.execute("ROLLBACK TO changeover_triggers; RELEASE changeover_triggers")
      if let error = error as? SQLiteError, !error.isGenericError { throw error }
      return TableHold(.paused, "its triggers cannot be created: \((error as? Failure)?.message ?? "\(error)")")
    }
  }

  private func store(_ installed: InstalledTable, _ database: borrowing Database) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let statement = try database.prepare(
      """
      INSERT OR REPLACE INTO \(SourceNames.table) (id, name, shape, hold, reason, request)
      VALUES (?1, ?2, ?3, ?4, ?5, NULL)
      """)
    try statement.bind(all: [
      .integer(installed.table.id.rawValue), .text(installed.table.name),
      .text(String(decoding: try encoder.encode(installed.table), as: UTF8.self)),
      installed.hold.map { .text($0.kind.rawValue) } ?? .null, installed.hold.map { .text($0.reason) } ?? .null,
    ])
    try statement.run()
  }

  private func forget(_ table: TableID, _ database: borrowing Database) throws {
    try SourceInstallation.dropTriggers(of: table, in: database)
    let statement = try database.prepare("DELETE FROM \(SourceNames.table) WHERE id = ?1")
    try statement.bind(table.rawValue, at: 1)
    try statement.run()
  }

  /// Notes the steps under the number of a change of their own: whoever captures from before it carries them along.
  private func log(_ steps: [TableStep], _ database: borrowing Database) throws {
    try database.execute("INSERT INTO \(SourceNames.change) (tbl, op, nonce) VALUES (0, 0, random())")
    let sequence = try database.integer("SELECT max(seq) FROM \(SourceNames.change)")
    let statement = try database.prepare("INSERT INTO \(SourceNames.step) (seq, tbl, step) VALUES (?1, ?2, ?3)")
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for step in steps {
      try statement.bind(all: [
        .integer(sequence), .integer(step.table.rawValue),
        .text(String(decoding: try encoder.encode(step), as: UTF8.self)),
      ])
      try statement.run()
      statement.reset()
    }
  }
}

extension SchemaDecision {
  /// Whether there is anything to write down.
  fileprivate func concerns(_ now: SchemaListing) -> Bool { !outcomes.isEmpty || !removed.isEmpty || hasMoved }
}
