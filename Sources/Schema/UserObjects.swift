/// What a table made by the user had that must not act while the target follows: recorded, put aside, and brought back
/// at the switch as it was.
package struct UserObjects: Sendable, Hashable, Codable {
  /// On the table itself, and of tables outside the plan that point to it.
  package var foreignKeys: [KeptForeignKey] = []
  package var triggers: [KeptTrigger] = []
  /// The sequences that its columns draw from.
  package var sequences: [KeptSequence] = []

  package init() {}
}

/// A foreign key that the user made.
package struct KeptForeignKey: Sendable, Hashable, Codable {
  package var name: String
  /// The table that has it, qualified and quoted.
  package var table: String
  /// That table's bare name, for people.
  package var tableName: String
  /// Whether the table's owner is this role.
  package var isOwned: Bool
  /// A key of a partitioned table cannot come back without its rows being read at once.
  package var isPartitioned: Bool
  /// As the server writes it, with everything behind the name.
  package var definition: String
  package var isValid: Bool
  package var columns: [String]
  /// Qualified and quoted.
  package var parentTable: String
  package var parentColumns: [String]

  package init(
    name: String, table: String, tableName: String, isOwned: Bool = true, isPartitioned: Bool = false,
    definition: String, isValid: Bool = true, columns: [String], parentTable: String, parentColumns: [String]
  ) {
    self.name = name
    self.table = table
    self.tableName = tableName
    self.isOwned = isOwned
    self.isPartitioned = isPartitioned
    self.definition = definition
    self.isValid = isValid
    self.columns = columns
    self.parentTable = parentTable
    self.parentColumns = parentColumns
  }

  package var drop: String { "ALTER TABLE \(table) DROP CONSTRAINT IF EXISTS \(PostgresText.identifier(name))" }

  /// NOT VALID, as the definition says already where the key was not valid before: the rows are read afterwards.
  package var creation: String {
    "ALTER TABLE \(table) ADD CONSTRAINT \(PostgresText.identifier(name)) \(definition)\(isValid ? " NOT VALID" : "")"
  }

  package var validation: String { "ALTER TABLE \(table) VALIDATE CONSTRAINT \(PostgresText.identifier(name))" }

  /// Counts rows that lead nowhere.
  package var orphans: String {
    DDL.countOrphans(of: table, columns, in: parentTable, parentColumns)
  }
}

/// A trigger that the user made, with the state to bring it back to.
package struct KeptTrigger: Sendable, Hashable, Codable {
  /// When an enabled trigger fires, as pg_trigger.tgenabled tells it.
  package enum State: String, Sendable, Hashable, Codable {
    case origin = "O"
    case replica = "R"
    case always = "A"
  }
  package var name: String
  package var state: State

  package init(name: String, state: State) {
    self.name = name
    self.state = state
  }

  package func disabling(on table: String) -> String {
    "ALTER TABLE \(table) DISABLE TRIGGER \(PostgresText.identifier(name))"
  }

  package func enabling(on table: String) -> String {
    let mode =
      switch state {
      case .origin: ""
      case .replica: "REPLICA "
      case .always: "ALWAYS "
      }
    return "ALTER TABLE \(table) ENABLE \(mode)TRIGGER \(PostgresText.identifier(name))"
  }
}

/// A sequence behind a column: serial, identity, or named in its default.
package struct KeptSequence: Sendable, Hashable, Codable {
  /// The column's name on the target.
  package var column: String
  /// Qualified and quoted.
  package var sequence: String

  package init(column: String, sequence: String) {
    self.column = column
    self.sequence = sequence
  }
}
