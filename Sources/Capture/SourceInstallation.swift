import FoundationEssentials
import Model
import SQLite
import TriggerTemplates

/// What changeover has installed in a source: its identity and the tables it captures.
package struct SourceInstallation: Sendable {
  /// Names this source for good; a copy of the file carries the same.
  package let source: RandomID
  /// The state directory that captures from this source.
  package let owner: RandomID
  /// The position before the first change: group 0 and the row that installation wrote.
  package let base: Position
  package let installed: [InstalledTable]
  /// What it holds of the switches.
  package let mark: SourceMark
  /// The last group that came back from the target since that switch; nil before the first.
  package var reversePosition: Position?

  /// Set while a switch has closed this source.
  package var switchID: RandomID? { mark.fence }

  static let format: Int64 = 1

  /// The tables whose changes are captured.
  package var tables: [SourceTable] { installed.filter { $0.hold == nil }.map(\.table) }
  /// Those that do not follow at the moment.
  package var held: [InstalledTable] { installed.filter { $0.hold != nil } }

  /// Whether changeover's tables stand in the source.
  package static func isInstalled(_ database: borrowing Database) throws -> Bool {
    try database.integer("SELECT count(*) FROM sqlite_schema WHERE name = ?1", [.text(SourceNames.meta)]) > 0
  }

  /// Reads what is installed; nil where nothing is. Throws where the tables are not ours or of an unknown format.
  package static func read(_ database: borrowing Database) throws -> SourceInstallation? {
    guard try isInstalled(database) else { return nil }
    let settings = try settings(in: database)
    func identity(_ name: String) -> RandomID? {
      guard case .text(let bytes)? = settings[name] else { return nil }
      return RandomID(String(decoding: bytes, as: UTF8.self))
    }
    guard case .integer(let format)? = settings["format"], let source = identity("source"),
      let owner = identity("owner"), case .integer(let sequence)? = settings["base_sequence"],
      case .integer(let nonce)? = settings["base_nonce"]
    else {
      throw Failure(
        .badData, "\(database.path) has a table \(SourceNames.meta) that is not changeover's",
        remedy: "rename or drop the application's tables whose names begin with \(SourceNames.prefix)")
    }
    guard format == Self.format else {
      throw Failure(
        .badData, "\(database.path) was prepared by another version of changeover (format \(format))",
        remedy: "go on with that version, or uninstall with it first")
    }
    var tables: [InstalledTable] = []
    let decoder = JSONDecoder()
    try database.forEach("SELECT shape, hold, reason, request FROM \(SourceNames.table) ORDER BY id") { row in
      let shape = try row.withText(0) { try decoder.decode(SourceTable.self, from: Data($0)) }
      let hold = row.string(1).flatMap { TableHold.Kind(rawValue: $0) }.map { TableHold($0, row.string(2) ?? "") }
      let request = row.string(3).flatMap { InstalledTable.Request(rawValue: $0) }
      tables.append(InstalledTable(table: shape, hold: hold, request: request))
    }
    return SourceInstallation(
      source: source, owner: owner,
      base: Position(group: GroupNumber(0), sequence: ChangeNumber(sequence), nonce: nonce), installed: tables,
      mark: SourceMark(settings), reversePosition: try reversePosition(in: database))
  }

  static func settings(in database: borrowing Database) throws -> [String: Value] {
    let isOurs = try database.integer(
      "SELECT count(*) FROM pragma_table_info(?1) WHERE name IN ('name', 'value')", [.text(SourceNames.meta)])
    guard isOurs == 2 else { return [:] }
    var settings: [String: Value] = [:]
    try database.forEach("SELECT name, value FROM \(SourceNames.meta)") { settings[$0.string(0) ?? ""] = $0.value(1) }
    return settings
  }

  /// Installs the change table and the triggers for `tables`, which are numbered here, in one transaction.
  package static func install(
    _ tables: [SourceTable], owner: RandomID, in database: borrowing Database
  ) throws -> SourceInstallation {
    try database.transaction(.immediate) { database in
      if let existing = try read(database) { return existing }
      try refuseForeignObjects(database)
      let numbered = tables.enumerated().map { index, table in
        var table = table
        table.id = TableID(Int64(index + 1))
        return table
      }
      let width = numbered.map { TriggerSet.keyWidth(of: $0) }.max() ?? 1
      try database.execute(
        TriggerTemplate.changeTable.fill(["keys": (0..<width).map { ", k\($0)" }.joined()]))
      let parents = try ActionParents.read(database)
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      let insertTable = try database.prepare("INSERT INTO \(SourceNames.table) (id, name, shape) VALUES (?1, ?2, ?3)")
      for table in numbered {
        try insertTable.bind(table.id.rawValue, at: 1)
        try insertTable.bind(table.name, at: 2)
        try insertTable.bind(String(decoding: encoder.encode(table), as: UTF8.self), at: 3)
        try insertTable.run()
        try createTriggers(of: table, parents, in: database)
      }
      let source = RandomID.random()
      let sequence = try database.integer("SELECT seq FROM \(SourceNames.change)")
      let nonce = try database.integer("SELECT nonce FROM \(SourceNames.change)")
      let settings: [(String, Value)] = [
        ("format", .integer(format)), ("source", .text(source.description)), ("owner", .text(owner.description)),
        ("base_sequence", .integer(sequence)), ("base_nonce", .integer(nonce)),
        ("phase", .text(Phase.syncing.rawValue)),
      ]
      for (name, value) in settings { try set(name, value, in: database) }
      try SmokeTest.run(on: numbered, in: database)
      try SchemaListing.record(in: database)
      let installation = SourceInstallation(
        source: source, owner: owner,
        base: Position(group: GroupNumber(0), sequence: ChangeNumber(sequence), nonce: nonce),
        installed: numbered.map { InstalledTable(table: $0) }, mark: SourceMark(phase: .syncing))
      for table in numbered { try requireSettled(table, in: database) }
      FaultPoint.reach("installing")
      return installation
    }
  }

  /// The tables were read before this transaction, perhaps minutes ago.
  private static func requireSettled(_ table: SourceTable, in database: borrowing Database) throws {
    var now = try SourceCatalogue.readTable(named: table.name, in: database)
    now?.id = table.id
    now?.key = table.key
    now?.exclude(Set((table.excluded ?? []).map { $0.name.lowercased() }))
    guard now != table else { return }
    throw Failure(
      .tryAgain, "table '\(table.name)' changed while changeover was getting ready",
      remedy: "nothing was installed; start again")
  }

  /// Creates a table's triggers, and says which statement of the application they would break if they do.
  static func createTriggers(
    of table: SourceTable, _ parents: ActionParents, in database: borrowing Database
  ) throws {
    var statements: [String] = []
    for statement in SmokeTest.statements(for: table) where database.compiles(statement) {
      statements.append(statement)
    }
    let triggers = TriggerSet(for: table, logsEarly: parents.contains(table.name)).triggers
    for trigger in triggers { try database.execute(trigger.sql) }
    for broken in statements where !database.compiles(broken) {
      throw Failure(
        .internalError, "the triggers for table '\(table.name)' would break the application's '\(broken.prefix(60))…'",
        remedy: "leave the table out with --exclude, and report this; nothing was installed")
    }
  }

  /// Drops the triggers of one table that are there, wherever a rename has taken them.
  static func dropTriggers(of table: TableID, in database: borrowing Database) throws {
    let own = SourceNames.trigger(table, "")
    for name in try ownTriggers(database) where name.hasPrefix(own) {
      try database.execute("DROP TRIGGER \(SQLiteText.identifier(name))")
    }
  }

  /// Gives the change table as many key columns as a table needs.
  static func widen(to width: Int, in database: borrowing Database) throws {
    let present = try database.integer(
      "SELECT count(*) FROM pragma_table_info(?1) WHERE name GLOB 'k[0-9]*'", [.text(SourceNames.change)])
    guard present < Int64(width) else { return }
    for column in Int(present)..<width {
      try database.execute("ALTER TABLE \(SourceNames.change) ADD COLUMN k\(column)")
    }
  }

  private static func refuseForeignObjects(_ database: borrowing Database) throws {
    let name = try database.string(
      "SELECT name FROM sqlite_schema WHERE name LIKE '\\_changeover\\_%' ESCAPE '\\' LIMIT 1")
    if let name {
      throw Failure(
        .badData, "\(database.path) already has an object called '\(name)' that is not changeover's",
        remedy: "rename or drop the application's objects whose names begin with \(SourceNames.prefix)")
    }
  }

  /// Whether the change table still holds the change that a position names, with its nonce.
  package static func holds(_ position: Position, in database: borrowing Database) throws(SQLiteError) -> Bool {
    try database.scalar(
      "SELECT nonce FROM \(SourceNames.change) WHERE seq = ?1", [.integer(position.sequence.rawValue)])
      == .integer(position.nonce)
  }

  /// Throws where it does not: the file is not the one that was captured.
  package static func requireHistory(through position: Position, in database: borrowing Database) throws {
    guard try holds(position, in: database) else { throw historyFailure(position, path: database.path) }
  }

  /// What to say where it does not.
  package static func historyFailure(_ position: Position, path: String) -> Failure {
    SourceHistoryError.notContinued(path: path, sequence: position.sequence).failure
  }

  package static func set(_ name: String, _ value: Value, in database: borrowing Database) throws {
    let statement = try database.prepare("INSERT OR REPLACE INTO \(SourceNames.meta) (name, value) VALUES (?1, ?2)")
    try statement.bind(name, at: 1)
    try statement.bind(value, at: 2)
    try statement.run()
  }

  static func unset(_ name: String, in database: borrowing Database) throws(SQLiteError) {
    let statement = try database.prepare("DELETE FROM \(SourceNames.meta) WHERE name = ?1")
    try statement.bind(name, at: 1)
    try statement.run()
  }

  /// Hands the source over to another state directory.
  package static func setOwner(_ owner: RandomID, in database: borrowing Database) throws {
    try set("owner", .text(owner.description), in: database)
  }

  /// Takes every trace of changeover out of the source, in one transaction.
  /// - Parameter evenFenced: for the end of the move, where somebody asked for it.
  package static func uninstall(_ database: borrowing Database, evenFenced: Bool = false) throws {
    try database.transaction(.immediate) { database in
      guard let installation = try read(database) else { return }
      guard installation.switchID == nil || evenFenced else {
        throw Failure(
          .checkFailed, "\(database.path) is fenced: its data has moved to PostgreSQL",
          remedy: "taking the fence away would let forgotten jobs write to a dead file; keep it as it is, or end the "
            + "move with changeover finish --remove-fence")
      }
      for trigger in try ownTriggers(database) {
        try database.execute("DROP TRIGGER \(SQLiteText.identifier(trigger))")
      }
      try database.execute("DROP VIEW IF EXISTS \(SourceNames.fenceGuard)")
      for table in SourceNames.tables {
        try database.execute("DROP TABLE IF EXISTS \(table)")
      }
    }
  }

  static func ownTriggers(_ database: borrowing Database) throws -> [String] {
    var names: [String] = []
    try database.forEach(
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '\\_changeover\\_%' ESCAPE '\\'"
    ) { names.append($0.string(0) ?? "") }
    return names
  }
}
