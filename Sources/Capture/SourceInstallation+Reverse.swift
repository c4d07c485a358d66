import Model
import SQLite

/// What the source knows of the way back: how far the target's writes have come since the switch.
extension SourceInstallation {
  private static let switchName = "reverse_switch"
  private static let groupName = "reverse_group"
  private static let sequenceName = "reverse_sequence"
  private static let nonceName = "reverse_nonce"

  /// The last group that was applied to this fenced source; nil where none was since its switch. What an earlier switch
  /// left does not count.
  package static func reversePosition(in database: borrowing Database) throws -> Position? {
    var settings: [String: Value] = [:]
    try database.forEach(
      "SELECT name, value FROM \(SourceNames.meta) WHERE name IN ('switch_id', ?1, ?2, ?3, ?4)",
      [.text(switchName), .text(groupName), .text(sequenceName), .text(nonceName)]
    ) { settings[$0.string(0) ?? ""] = $0.value(1) }
    guard let current = settings["switch_id"], settings[switchName] == current,
      case .integer(let group)? = settings[groupName], case .integer(let sequence)? = settings[sequenceName],
      case .integer(let nonce)? = settings[nonceName]
    else { return nil }
    return Position(group: GroupNumber(group), sequence: ChangeNumber(sequence), nonce: nonce)
  }

  /// Records a position, in the transaction that applies the group.
  package static func setReversePosition(
    _ position: Position, since switchID: RandomID, in database: borrowing Database
  ) throws {
    try set(switchName, .text(switchID.description), in: database)
    try set(groupName, .integer(position.group.rawValue), in: database)
    try set(sequenceName, .integer(position.sequence.rawValue), in: database)
    try set(nonceName, .integer(position.nonce), in: database)
  }

  /// The switch that fenced the file, as it stands now; nil where it is open.
  package static func currentSwitch(in database: borrowing Database) throws(SQLiteError) -> RandomID? {
    try database.string("SELECT value FROM \(SourceNames.meta) WHERE name = 'switch_id'").flatMap { RandomID($0) }
  }

  /// A setting of one's own; nil where it was never set.
  package static func setting(_ name: String, in database: borrowing Database) throws(SQLiteError) -> Value? {
    try database.scalar("SELECT value FROM \(SourceNames.meta) WHERE name = ?1", [.text(name)])
  }

  /// Throws where a table is no longer as it was installed: statements for it would write crosswise, or not at all.
  package static func requireUnchanged(_ table: SourceTable, in database: borrowing Database) throws {
    let found = try SourceCatalogue.readTable(named: table.name, in: database)
    let excluded = Set((table.excluded ?? []).map { $0.name.lowercased() })
    var now = found ?? table
    now.id = table.id
    now.key = table.key
    now.exclude(excluded)
    guard found != nil, now.columns == table.columns, now.excluded == table.excluded,
      now.keyPositions == table.keyPositions, now.isWithoutRowid == table.isWithoutRowid
    else {
      throw Failure(
        .badData, "table '\(table.name)' in \(database.path) is not as it was at the switch: its columns changed",
        remedy: "give it the columns that it had; until then nothing comes back from PostgreSQL")
    }
  }
}
