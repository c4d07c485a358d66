/// `CREATE TABLE` with its columns and constraints (https://www.sqlite.org/lang_createtable.html).
package struct CreateTable: Sendable, Hashable {
  package var name: String
  package var columns: [Column] = []
  package var constraints: [TableConstraint] = []
  package var isWithoutRowid = false
  package var isStrict = false

  /// A column; its constraints in the order written.
  package struct Column: Sendable, Hashable {
    package var name: String
    /// As written; empty where there is none.
    package var type: String
    package var constraints: [ColumnConstraint] = []
  }
}

/// What stands behind a column's type.
package struct ColumnConstraint: Sendable, Hashable {
  package var name: String?
  package var kind: Kind

  package enum Kind: Sendable, Hashable {
    case primaryKey(isDescending: Bool, Conflict?, isAutoincrement: Bool)
    case notNull(Conflict?)
    /// `NULL`, which SQLite accepts and ignores.
    case nullable
    case unique(Conflict?)
    case check(Expression, text: String)
    /// The text of the expression as written.
    case defaultValue(Expression, text: String)
    case collate(String)
    case references(ForeignKeyClause)
    case generated(Expression, text: String, isStored: Bool)
  }
}

/// What stands behind the columns.
package struct TableConstraint: Sendable, Hashable {
  package var name: String?
  package var kind: Kind

  package enum Kind: Sendable, Hashable {
    case primaryKey([Term], Conflict?, isAutoincrement: Bool)
    case unique([Term], Conflict?)
    case check(Expression, text: String)
    case foreignKey([String], ForeignKeyClause)
  }

  package struct Term: Sendable, Hashable {
    package var expression: Expression
    package var collation: String?
    package var isDescending: Bool
  }
}

/// What SQLite does when a constraint fails: `ON CONFLICT …`.
package enum Conflict: String, Sendable, Hashable {
  case rollback = "ROLLBACK"
  case abort = "ABORT"
  case fail = "FAIL"
  case ignore = "IGNORE"
  case replace = "REPLACE"
}

/// `REFERENCES table (columns) ON DELETE … DEFERRABLE …`.
package struct ForeignKeyClause: Sendable, Hashable {
  package var table: String
  package var columns: [String] = []
  package var onDelete: String?
  package var onUpdate: String?
  package var isDeferred = false
}
