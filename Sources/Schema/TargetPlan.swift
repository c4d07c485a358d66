import Model

/// What is created on the target and how each source column gets there. Kept on the target with the position.
package struct TargetPlan: Sendable, Hashable, Codable {
  package var schema: String
  package var tables: [TablePlan]
  /// Tables of the source that were left out on purpose.
  package var leftOut: [String]

  package init(schema: String, tables: [TablePlan], leftOut: [String] = []) {
    self.schema = schema
    self.tables = tables
    self.leftOut = leftOut
  }
}

/// A table on the target.
package struct TablePlan: Sendable, Hashable, Codable {
  package var id: TableID
  package var sourceName: String
  package var targetName: String
  /// In the order of the source's image: the table's own columns, then the hidden one of a table without a key.
  package var columns: [ColumnPlan]
  /// Where the key's columns stand among `columns`.
  package var keyPositions: [Int]
  /// The primary key's name, or that of the UNIQUE constraint that serves as the key.
  package var keyName: String
  package var isPrimaryKey: Bool
  /// The identity column's sequence. Named here because PostgreSQL's own choice could be the name of a later table.
  package var sequenceName: String?
  package var indexes: [IndexPlan]
  package var foreignKeys: [ForeignKeyPlan]
  /// What does not arrive as declared, for people.
  package var notes: [String]

  package var keyColumns: [ColumnPlan] { keyPositions.map { columns[$0] } }
  package var identityColumn: ColumnPlan? { columns.first(where: \.isIdentity) }
}

/// A column on the target.
package struct ColumnPlan: Sendable, Hashable, Codable {
  package var sourceName: String
  package var targetName: String
  package var type: TargetType
  package var notNull: Bool
  package var isIdentity: Bool
  /// The DEFAULT as PostgreSQL writes it.
  package var defaultSQL: String?
}

/// An index on the target, UNIQUE constraints included.
package struct IndexPlan: Sendable, Hashable, Codable {
  package var name: String
  package var isUnique: Bool
  /// What stands between the parentheses.
  package var terms: String
}

/// A foreign key that comes at the switch.
package struct ForeignKeyPlan: Sendable, Hashable, Codable {
  package var name: String
  package var columns: [String]
  package var parentTable: String
  package var parentColumns: [String]
  package var onUpdate: String
  package var onDelete: String
  package var isDeferred: Bool
}
