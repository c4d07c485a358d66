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
      return .columns(distinct(primary.terms, table))
    }
    let candidates = table.indexes.filter { index in
      index.isUnique && index.predicate == nil && isUsable(index)
        && index.terms.allSatisfy { term in
          guard case .column(let name) = term.subject else { return false }
          return table.position(ofColumn: name).map { table.columns[$0].notNull } ?? false
        }
    }
    if let narrowest = candidates.min(by: { $0.terms.count < $1.terms.count }) {
      return .columns(distinct(narrowest.terms, table))
    }
    return rowidKey(of: table)
  }

  /// The rowid under an alias that no column shadows; nil for WITHOUT ROWID tables.
  package static func rowidKey(of table: SourceTable) -> RowKey? {
    guard !table.isWithoutRowid else { return nil }
    let names = Set(table.whole.columns.map { $0.name.lowercased() })
    return ["rowid", "_rowid_", "oid"].first { !names.contains($0) }.map { .rowid(alias: $0) }
  }

  /// SQLite lets PRIMARY KEY (a, a) pass; a key names a column once.
  private static func distinct(_ terms: [IndexTerm], _ table: SourceTable) -> [IndexTerm] {
    var seen: Set<Int> = []
    return terms.filter { term in
      guard case .column(let name) = term.subject, let position = table.position(ofColumn: name) else { return false }
      return seen.insert(position).inserted
    }
  }

  private static func isUsable(_ index: SourceIndex) -> Bool {
    index.terms.allSatisfy { knownCollations.contains($0.collation.uppercased()) }
  }
}
