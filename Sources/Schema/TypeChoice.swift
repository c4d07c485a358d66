import Model

/// Chooses a column's type: what is declared where the data agrees, otherwise what carries the data.
package enum TypeChoice {
  /// The type by storage classes alone, which carries every value.
  package static func type(of column: SourceColumn, facts: ColumnFacts, isKey: Bool) -> TargetType {
    let seen = facts.classes.subtracting(.null)
    let type = seen.isEmpty ? whenEmpty(column) : type(of: column, holding: seen, facts)
    guard isKey, type == .anyText else { return type }
    return column.affinity == .blob || column.affinity == .text ? .text : .keyText
  }

  /// Whether each key of the source becomes a key of its own: two that differ must not meet on the target.
  package static func isOneToOne(_ column: SourceColumn, facts: ColumnFacts) -> Bool {
    let seen = facts.classes.subtracting(.null)
    if column.affinity == .blob {
      let declaresBlob = column.declared.uppercased().contains("BLOB")
      return StorageClass.allCases.contains { StorageClasses($0) == seen } || (seen.isEmpty && declaresBlob)
    }
    // A typed affinity stores '1' as 1 or 1 as '1': only a BLOB beside other values could meet one of them.
    return seen == .blob || !seen.contains(.blob)
  }

  /// Whether values that a UNIQUE index of the source tells apart stay apart on the target. To the index 1 and 1.0 are
  /// one value.
  package static func staysUnique(_ column: SourceColumn, facts: ColumnFacts) -> Bool {
    facts.classes.subtracting(.null) == [.integer, .real] || isOneToOne(column, facts: facts)
  }

  private static func type(
    of column: SourceColumn, holding seen: StorageClasses, _ facts: ColumnFacts
  ) -> TargetType {
    switch seen {
    case .integer: forIntegers(column, facts)
    case .real: .double
    case [.integer, .real]: facts.hasWideIntegers ? .anyText : .double
    case .text: column.affinity == .text ? .text : .anyText
    case .blob: .bytea
    default: .anyText
    }
  }

  private static func forIntegers(_ column: SourceColumn, _ facts: ColumnFacts) -> TargetType {
    switch column.affinity {
    case .real: .double
    // A DECIMAL that happens to hold whole numbers only will hold others tomorrow.
    case .numeric where isDecimal(column) && !facts.hasWideIntegers: .double
    default: .bigint
    }
  }

  private static func whenEmpty(_ column: SourceColumn) -> TargetType {
    switch column.affinity {
    case .integer: .bigint
    case .real: .double
    case .text: .text
    case .blob: column.declared.isEmpty ? .anyText : .bytea
    case .numeric:
      if isDecimal(column) { .double } else { column.declared.uppercased().contains("BOOL") ? .bigint : .anyText }
    }
  }

  private static func isDecimal(_ column: SourceColumn) -> Bool {
    let declared = column.declared.uppercased()
    return ["DEC", "NUM", "MONEY", "CURRENCY"].contains { declared.contains($0) }
  }
}
