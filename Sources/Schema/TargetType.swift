import Model

/// The PostgreSQL type of a column, with what of SQLite's storage classes it takes.
@usableFromInline package enum TargetType: String, Sendable, Hashable, Codable {
  /// INTEGER only.
  case bigint
  /// REAL, and INTEGER that a double holds exactly.
  case double
  /// TEXT only.
  case text
  /// TEXT as it is, numbers in decimal, BLOB as `\x` and hexadecimal: for columns that no single type carries.
  case anyText
  /// BLOB only.
  case bytea

  package var sql: String {
    switch self {
    case .bigint: "bigint"
    case .double: "double precision"
    // "C" is SQLite's BINARY: the same equality and the same order.
    case .text, .anyText: "text COLLATE \"C\""
    case .bytea: "bytea"
    }
  }

  /// The same without a collation, for casts.
  package var baseSQL: String { self == .text || self == .anyText ? "text" : sql }

  package var isText: Bool { self == .text || self == .anyText }
}

/// What a column was seen to hold.
package struct ColumnFacts: Sendable, Hashable, Codable {
  package var classes: StorageClasses
  /// Integers beyond ±2⁵³, which a double would round.
  package var hasWideIntegers: Bool

  package init(classes: StorageClasses = [], hasWideIntegers: Bool = false) {
    self.classes = classes
    self.hasWideIntegers = hasWideIntegers
  }
}

/// Chooses a column's type: what is declared where the data agrees, otherwise what carries the data.
package enum TypeChoice {
  package static func type(of column: SourceColumn, facts: ColumnFacts, isKey: Bool) -> TargetType {
    let seen = facts.classes.subtracting(.null)
    if seen.isEmpty { return whenEmpty(column, isKey: isKey) }
    switch seen {
    case .integer: return forIntegers(column, facts)
    case .real: return .double
    case [.integer, .real]: return facts.hasWideIntegers ? .anyText : .double
    case .text: return isKey || column.affinity == .text ? .text : .anyText
    case .blob: return .bytea
    default: return .anyText
    }
  }

  /// Whether each key of the source becomes a key of its own: two that differ must not meet on the target.
  package static func isOneToOne(_ column: SourceColumn, facts: ColumnFacts) -> Bool {
    let seen = facts.classes.subtracting(.null)
    if column.affinity == .blob {
      let declaresBlob = column.declared.uppercased().contains("BLOB")
      return StorageClass.allCases.contains { StorageClasses($0) == seen } || (seen.isEmpty && declaresBlob)
    }
    // A typed affinity stores '1' as 1 or 1 as '1': only a BLOB beside other values could meet one of them.
    return !seen.contains(.blob) || seen == .blob
  }

  private static func forIntegers(_ column: SourceColumn, _ facts: ColumnFacts) -> TargetType {
    switch column.affinity {
    case .real: return .double
    // A DECIMAL that happens to hold whole numbers only will hold others tomorrow.
    case .numeric where isDecimal(column) && !facts.hasWideIntegers: return .double
    default: return .bigint
    }
  }

  private static func whenEmpty(_ column: SourceColumn, isKey: Bool) -> TargetType {
    switch column.affinity {
    case .integer: return .bigint
    case .real: return .double
    case .text: return .text
    case .blob: return column.declared.isEmpty ? (isKey ? .text : .anyText) : .bytea
    case .numeric:
      if isDecimal(column) { return .double }
      return column.declared.uppercased().contains("BOOL") ? .bigint : .anyText
    }
  }

  private static func isDecimal(_ column: SourceColumn) -> Bool {
    let declared = column.declared.uppercased()
    return ["DEC", "NUM", "MONEY", "CURRENCY"].contains { declared.contains($0) }
  }
}
