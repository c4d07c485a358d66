/// The number that the source's `_changeover_table` gives a table.
package struct TableID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  package let rawValue: Int64
  package init(_ rawValue: Int64) { self.rawValue = rawValue }
  package static func < (a: TableID, b: TableID) -> Bool { a.rawValue < b.rawValue }
  package var description: String { String(rawValue) }
}

/// SQLite's column affinities (https://www.sqlite.org/datatype3.html, section 3.1).
package enum Affinity: String, Sendable, Hashable, Codable {
  case integer, text, blob, real, numeric

  /// The affinity that SQLite derives from a declared type; the order of the rules matters.
  package init(declared: String) {
    let type = declared.uppercased()
    if type.contains("INT") {
      self = .integer
    } else if type.contains("CHAR") || type.contains("CLOB") || type.contains("TEXT") {
      self = .text
    } else if type.contains("BLOB") || type.isEmpty {
      self = .blob
    } else if type.contains("REAL") || type.contains("FLOA") || type.contains("DOUB") {
      self = .real
    } else {
      self = .numeric
    }
  }
}

/// A column of a source table.
package struct SourceColumn: Sendable, Hashable, Codable {
  package var name: String
  /// The declared type as written; empty where there is none.
  package var declared: String
  package var affinity: Affinity
  package var notNull: Bool
  /// The text of the DEFAULT clause, an SQL expression.
  package var defaultExpression: String?
  package var collation: String
  /// Virtual or stored: the application cannot write it.
  package var isGenerated: Bool

  package init(
    name: String, declared: String, affinity: Affinity, notNull: Bool = false, defaultExpression: String? = nil,
    collation: String = "BINARY", isGenerated: Bool = false
  ) {
    self.name = name
    self.declared = declared
    self.affinity = affinity
    self.notNull = notNull
    self.defaultExpression = defaultExpression
    self.collation = collation
    self.isGenerated = isGenerated
  }
}

/// A column or expression of an index, with the collation that the index compares by.
package struct IndexTerm: Sendable, Hashable, Codable {
  package enum Subject: Sendable, Hashable, Codable {
    case column(String)
    case rowid
    /// The expression as SQL text.
    case expression(String)
  }
  package var subject: Subject
  package var collation: String
  package var descending: Bool

  package init(subject: Subject, collation: String = "BINARY", descending: Bool = false) {
    self.subject = subject
    self.collation = collation
    self.descending = descending
  }
}

/// An index of a source table, its primary key's and UNIQUE constraints' included.
package struct SourceIndex: Sendable, Hashable, Codable {
  /// Why the index exists, as PRAGMA index_list tells it.
  package enum Origin: String, Sendable, Hashable, Codable {
    case createIndex = "c"
    case unique = "u"
    case primaryKey = "pk"
  }
  package var name: String
  package var origin: Origin
  package var isUnique: Bool
  package var terms: [IndexTerm]
  /// The WHERE of a partial index.
  package var predicate: String?

  package init(name: String, origin: Origin, isUnique: Bool, terms: [IndexTerm], predicate: String? = nil) {
    self.name = name
    self.origin = origin
    self.isUnique = isUnique
    self.terms = terms
    self.predicate = predicate
  }
}

/// A foreign key as declared; SQLite may never have enforced it.
package struct SourceForeignKey: Sendable, Hashable, Codable {
  package var columns: [String]
  package var parent: String
  /// Empty where the declaration names none: the parent's primary key.
  package var parentColumns: [String]
  package var onUpdate: String
  package var onDelete: String
  package var isDeferred: Bool

  package init(
    columns: [String], parent: String, parentColumns: [String], onUpdate: String, onDelete: String, isDeferred: Bool
  ) {
    self.columns = columns
    self.parent = parent
    self.parentColumns = parentColumns
    self.onUpdate = onUpdate
    self.onDelete = onDelete
    self.isDeferred = isDeferred
  }
}

/// What identifies a row.
package enum RowKey: Sendable, Hashable, Codable {
  /// The rowid under the alias that no column shadows; kept on the target in a hidden column.
  case rowid(alias: String)
  /// The INTEGER PRIMARY KEY column, which is the rowid.
  case rowidColumn(String)
  /// Columns of the primary key or of a UNIQUE index over NOT NULL columns, in the index's order.
  case columns([IndexTerm])
}

/// A table of the source as its catalogue describes it.
package struct SourceTable: Sendable, Hashable, Codable {
  package var id: TableID
  package var name: String
  /// The columns that move, in declared order, generated ones included.
  package var columns: [SourceColumn]
  /// Columns that the user leaves out.
  package private(set) var excluded: [SourceColumn]?
  package var isWithoutRowid: Bool
  package var isAutoincrement: Bool
  package var key: RowKey
  package var indexes: [SourceIndex]
  package var foreignKeys: [SourceForeignKey]

  package init(
    id: TableID, name: String, columns: [SourceColumn], isWithoutRowid: Bool = false, isAutoincrement: Bool = false,
    key: RowKey, indexes: [SourceIndex] = [], foreignKeys: [SourceForeignKey] = []
  ) {
    self.id = id
    self.name = name
    self.columns = columns
    self.isWithoutRowid = isWithoutRowid
    self.isAutoincrement = isAutoincrement
    self.key = key
    self.indexes = indexes
    self.foreignKeys = foreignKeys
  }

  /// The name of the column that carries the rowid of a table without a usable key.
  package static let hiddenColumn = "_changeover_rowid"

  /// Leaves columns out, by their names in lower case.
  package mutating func exclude(_ names: Set<String>) {
    let excluded = columns.filter { names.contains($0.name.lowercased()) }
    guard !excluded.isEmpty else { return }
    columns.removeAll { names.contains($0.name.lowercased()) }
    self.excluded = (self.excluded ?? []) + excluded
  }

  /// The table with all its columns, as the application's statements and the indexes see it. The order is not the
  /// declared one.
  package var whole: SourceTable {
    var table = self
    table.columns += excluded ?? []
    table.excluded = nil
    return table
  }

  /// Names of the columns of an image: the table's own, then the hidden one where the rowid is the key.
  package var imageColumns: [String] {
    let names = columns.map(\.name)
    if case .rowid = key { return names + [Self.hiddenColumn] }
    return names
  }

  /// Where the key's values stand in an image.
  package var keyPositions: [Int] {
    switch key {
    case .rowid: return [columns.count]
    case .rowidColumn(let name): return position(ofColumn: name).map { [$0] } ?? []
    case .columns(let terms):
      return terms.compactMap { term in
        guard case .column(let name) = term.subject else { return nil }
        return position(ofColumn: name)
      }
    }
  }

  /// Where a column stands. Its name is compared by bytes, as SQLite does: to Swift two spellings of é are equal.
  package func position(ofColumn name: String) -> Int? {
    columns.firstIndex { $0.name == name && $0.name.utf8.elementsEqual(name.utf8) }
  }
}
