import Model

/// What is created on the target and how each source column gets there. Kept on the target with the position.
package struct TargetPlan: Sendable, Hashable, Codable {
  package var schema: String
  package var tables: [TablePlan]
  /// Tables of the source that were left out on purpose.
  package var leftOut: [String]
  /// In an order in which they can be created.
  package var views: [ViewPlan]
  package var viewsLeftOut: [LeftOutView] = []
  /// Tables that do not follow at the moment, whether or not they stand on the target.
  package var holds: [Hold] = []
  /// Whether types were chosen from samples of the rows: then nothing but copied rows may be built on the plan. Nil where they
  /// were not.
  package var isDraft: Bool?

  package struct Hold: Sendable, Hashable, Codable {
    package var table: TableID
    /// The name in the source, or the last one.
    package var name: String
    package var hold: TableHold

    package init(table: TableID, name: String, hold: TableHold) {
      self.table = table
      self.name = name
      self.hold = hold
    }
  }

  package init(schema: String, tables: [TablePlan], leftOut: [String] = [], views: [ViewPlan] = []) {
    self.schema = schema
    self.tables = tables
    self.leftOut = leftOut
    self.views = views
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
  package var checks: [CheckPlan] = []
  /// The table stood on the target before: it is neither created nor dropped.
  package var isUserMade = false
  /// What a table made by the user had that is put aside until the switch.
  package var kept: UserObjects?
  /// What does not arrive as declared, for people.
  package var notes: [String]

  package var keyColumns: [ColumnPlan] { keyPositions.map { columns[$0] } }
  package var identityColumn: ColumnPlan? { columns.first(where: \.isIdentity) }

  /// Whether rows copied under the one plan are what the other wants. Indexes, constraints and views come after the rows.
  package func takesRows(of other: TablePlan) -> Bool {
    var other = other
    (other.indexes, other.foreignKeys, other.checks, other.notes) = (indexes, foreignKeys, checks, notes)
    return self == other
  }
}

/// A column on the target.
package struct ColumnPlan: Sendable, Hashable, Codable {
  package var sourceName: String
  package var targetName: String
  package var type: TargetType
  package var reading = Reading()
  /// The column's type as the server writes it, where that is not `type.sql`: an enumeration, a domain, another collation.
  package var typeSQL: String?
  package var notNull: Bool
  package var isIdentity: Bool
  /// The DEFAULT as PostgreSQL writes it.
  package var defaultSQL: String?
  /// The expression of a stored generated column: the target computes it, nobody writes it.
  package var generatedSQL: String?

  /// Whether rows carry the column to the target.
  package var isWritten: Bool { generatedSQL == nil }
}

/// A CHECK constraint on the target.
package struct CheckPlan: Sendable, Hashable, Codable {
  package var name: String
  /// The condition as PostgreSQL writes it.
  package var expression: String

  package init(name: String, expression: String) {
    self.name = name
    self.expression = expression
  }
}

/// A view on the target.
package struct ViewPlan: Sendable, Hashable, Codable {
  package var sourceName: String
  package var targetName: String
  package var columns: [String]
  /// The query as PostgreSQL writes it.
  package var query: String

  package init(sourceName: String, targetName: String, columns: [String], query: String) {
    self.sourceName = sourceName
    self.targetName = targetName
    self.columns = columns
    self.query = query
  }
}

/// A view of the source that has no counterpart on the target.
package struct LeftOutView: Sendable, Hashable, Codable {
  package var name: String
  package var reason: String
}

/// An index on the target, UNIQUE constraints included.
package struct IndexPlan: Sendable, Hashable, Codable {
  package var name: String
  package var isUnique: Bool
  /// What stands between the parentheses.
  package var terms: String
  /// The WHERE of a partial index.
  package var predicate: String?

  package init(name: String, isUnique: Bool, terms: String, predicate: String? = nil) {
    self.name = name
    self.isUnique = isUnique
    self.terms = terms
    self.predicate = predicate
  }
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
