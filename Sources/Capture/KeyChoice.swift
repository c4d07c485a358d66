import Model

/// Chooses what identifies the rows of a table.
package enum KeyChoice {
  /// Collations that every SQLite library has.
  static let knownCollations: Set<String> = ["BINARY", "NOCASE", "RTRIM"]

  /// The INTEGER PRIMARY KEY; else the primary key's columns; else a UNIQUE index over NOT NULL columns; else the rowid.
  /// Nil where there is none of them.
  static func key(of table: SourceTable, rowidColumn: String?) -> RowKey? {
    if let rowidColumn { return .rowidColumn(rowidColumn) }
    if let primary = table.indexes.first(where: { $0.origin == .primaryKey }), isUsable(primary) {
      return .columns(distinct(primary.terms))
    }
    let required = Set(table.columns.filter(\.notNull).map(\.name))
    let candidates = table.indexes.filter { index in
      index.isUnique && index.predicate == nil && isUsable(index)
        && index.terms.allSatisfy { term in
          if case .column(let name) = term.subject { return required.contains(name) }
          return false
        }
    }
    if let narrowest = candidates.min(by: { $0.terms.count < $1.terms.count }) {
      return .columns(distinct(narrowest.terms))
    }
    return rowidKey(of: table)
  }

  /// The rowid under an alias that no column shadows; nil for WITHOUT ROWID tables.
  package static func rowidKey(of table: SourceTable) -> RowKey? {
    guard !table.isWithoutRowid else { return nil }
    let names = Set(table.columns.map { $0.name.lowercased() })
    return ["rowid", "_rowid_", "oid"].first { !names.contains($0) }.map { .rowid(alias: $0) }
  }

  /// SQLite lets PRIMARY KEY (a, a) pass; a key names a column once.
  private static func distinct(_ terms: [IndexTerm]) -> [IndexTerm] {
    var subjects: Set<IndexTerm.Subject> = []
    return terms.filter { subjects.insert($0.subject).inserted }
  }

  private static func isUsable(_ index: SourceIndex) -> Bool {
    index.terms.allSatisfy { knownCollations.contains($0.collation.uppercased()) }
  }
}
