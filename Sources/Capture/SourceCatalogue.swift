import Dialect
import Model
import SQLite

/// What the source's schema says, read in the caller's transaction.
package struct SourceCatalogue: Sendable {
  package var tables: [SourceTable]
  /// Tables that do not move, each with the reason.
  package var leftOut: [LeftOut]
  /// Tables on which the application has triggers of its own.
  package var tablesWithOwnTriggers: Set<String>
  package var views: [SourceView]

  package struct LeftOut: Sendable, Equatable {
    package let name: String
    package let reason: String
  }

  /// Reads every table that `selection` takes. The ids are 0 until `SourceInstallation` numbers the tables.
  package static func read(
    _ database: borrowing Database, selection: TableSelection = TableSelection()
  ) throws -> SourceCatalogue {
    var catalogue = SourceCatalogue(tables: [], leftOut: [], tablesWithOwnTriggers: [], views: [])
    var candidates: [(name: String, isWithoutRowid: Bool, isStrict: Bool)] = []
    try database.forEach(
      """
      SELECT l.name, l.type, l.wr, l.strict, s.sql FROM pragma_table_list AS l
      LEFT JOIN sqlite_schema AS s ON s.name = l.name AND s.type = l.type WHERE l.schema = 'main' ORDER BY l.name
      """
    ) {
      let name = $0.string(0) ?? ""
      let lowered = name.lowercased()
      if lowered.hasPrefix("sqlite_") || lowered.hasPrefix(SourceNames.prefix) { return }
      switch $0.string(1) {
      case "view": catalogue.views.append(SourceView(name: name, sql: $0.string(4) ?? ""))
      case "virtual": catalogue.leftOut.append(LeftOut(name: name, reason: "virtual table"))
      case "shadow": catalogue.leftOut.append(LeftOut(name: name, reason: "shadow table of a virtual table"))
      default:
        if let reason = selection.reasonToLeaveOut(name) {
          catalogue.leftOut.append(LeftOut(name: name, reason: reason))
        } else {
          candidates.append((name, $0.integer(2) != 0, $0.integer(3) != 0))
        }
      }
    }
    try database.forEach("SELECT tbl_name, name FROM sqlite_schema WHERE type = 'trigger'") {
      guard let table = $0.string(0), let name = $0.string(1), !name.lowercased().hasPrefix(SourceNames.prefix) else {
        return
      }
      catalogue.tablesWithOwnTriggers.insert(table)
    }
    for candidate in candidates {
      let table = try readTable(
        candidate.name, isWithoutRowid: candidate.isWithoutRowid, isStrict: candidate.isStrict, in: database)
      guard let table else {
        let reason = "no usable key: its columns shadow rowid, oid and _rowid_, or its key needs an unknown collation"
        catalogue.leftOut.append(LeftOut(name: candidate.name, reason: reason))
        continue
      }
      if database.compiles(RowReader.query(table)) {
        catalogue.tables.append(table)
      } else {
        catalogue.leftOut.append(
          LeftOut(name: table.name, reason: "reading it needs a function or collation that only the application has"))
      }
    }
    return catalogue
  }

  /// Reads one table; nil where it does not exist or has no usable key.
  static func readTable(named name: String, in database: borrowing Database) throws -> SourceTable? {
    var found: (isWithoutRowid: Bool, isStrict: Bool)?
    try database.forEach(
      "SELECT wr, strict FROM pragma_table_list(?1) WHERE schema = 'main' AND type = 'table'", [.text(name)]
    ) { found = ($0.integer(0) != 0, $0.integer(1) != 0) }
    guard let found else { return nil }
    return try readTable(name, isWithoutRowid: found.isWithoutRowid, isStrict: found.isStrict, in: database)
  }

  private static func readTable(
    _ name: String, isWithoutRowid: Bool, isStrict: Bool, in database: borrowing Database
  ) throws -> SourceTable? {
    let sql =
      try database.string("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", [.text(name)]) ?? ""
    let tokens = SQLTokenizer.tokens(of: sql)
    let constraints = TableConstraints(sql: sql)
    var columns: [SourceColumn] = []
    var primaryKey: [(order: Int64, column: String)] = []
    try database.forEach(
      "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid", [.text(name)]
    ) {
      let column = $0.string(0) ?? ""
      let declared = $0.string(1) ?? ""
      columns.append(
        SourceColumn(
          name: column, declared: declared,
          affinity: isStrict && declared.uppercased() == "ANY" ? .blob : Affinity(declared: declared),
          notNull: $0.integer(2) != 0, defaultExpression: $0.string(3), isGenerated: $0.integer(5) >= 2,
          generatedExpression: $0.integer(5) >= 2 ? constraints.generated[column.lowercased()] : nil))
      if $0.integer(4) > 0 { primaryKey.append(($0.integer(4), column)) }
    }
    for index in columns.indices {
      columns[index].collation = try database.collation(ofColumn: columns[index].name, in: name)
    }
    let indexes = try readIndexes(of: name, in: database)
    var table = SourceTable(
      id: TableID(0), name: name, columns: columns, isWithoutRowid: isWithoutRowid,
      isAutoincrement: tokens.contains { $0.isWord("AUTOINCREMENT") }, key: .rowid(alias: ""), indexes: indexes,
      foreignKeys: try readForeignKeys(of: name, deferred: constraints.deferred, in: database),
      checks: constraints.checks, conflictClauses: constraints.conflictClauses)
    let isAlias = !isWithoutRowid && primaryKey.count == 1 && !indexes.contains { $0.origin == .primaryKey }
    guard let key = KeyChoice.key(of: table, rowidColumn: isAlias ? primaryKey.first?.column : nil) else { return nil }
    table.key = key
    return table
  }

  private static func readIndexes(of table: String, in database: borrowing Database) throws -> [SourceIndex] {
    var indexes: [SourceIndex] = []
    var definitions: [IndexDefinition?] = []
    try database.forEach(
      """
      SELECT l.name, l."unique", l.origin, s.sql FROM pragma_index_list(?1) AS l
      LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = l.name ORDER BY l.seq DESC
      """, [.text(table)]
    ) { row in
      let definition = row.string(3).flatMap { IndexDefinition(sql: $0) }
      definitions.append(definition)
      indexes.append(
        SourceIndex(
          name: row.string(0) ?? "", origin: SourceIndex.Origin(rawValue: row.string(2) ?? "c") ?? .createIndex,
          isUnique: row.integer(1) != 0, terms: [], predicate: definition?.predicate))
    }
    for (number, definition) in definitions.enumerated() {
      indexes[number].terms = try readTerms(of: indexes[number].name, definition, in: database)
    }
    return indexes
  }

  private static func readTerms(
    of index: String, _ definition: IndexDefinition?, in database: borrowing Database
  ) throws -> [IndexTerm] {
    var terms: [IndexTerm] = []
    try database.forEach(
      "SELECT cid, name, \"desc\", coll FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno", [.text(index)]
    ) {
      let subject: IndexTerm.Subject
      switch $0.integer(0) {
      case -1: subject = .rowid
      case -2:
        let text = definition.flatMap { $0.terms.indices.contains(terms.count) ? $0.terms[terms.count] : nil }
        subject = .expression(text ?? "")
      default: subject = .column($0.string(1) ?? "")
      }
      terms.append(IndexTerm(subject: subject, collation: $0.string(3) ?? "BINARY", descending: $0.integer(2) != 0))
    }
    return terms
  }

  /// - Parameter deferred: of each key in the order in which they stand; where the statement could not be read, none is.
  private static func readForeignKeys(
    of table: String, deferred: [Bool], in database: borrowing Database
  ) throws -> [SourceForeignKey] {
    var keys: [(id: Int64, key: SourceForeignKey)] = []
    try database.forEach(
      """
      SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq
      """, [.text(table)]
    ) {
      let id = $0.integer(0)
      if keys.last?.id != id {
        keys.append(
          (
            id,
            SourceForeignKey(
              columns: [], parent: $0.string(1) ?? "", parentColumns: [], onUpdate: $0.string(4) ?? "NO ACTION",
              onDelete: $0.string(5) ?? "NO ACTION",
              isDeferred: keys.count < deferred.count && deferred[keys.count])
          ))
      }
      keys[keys.count - 1].key.columns.append($0.string(2) ?? "")
      if let parentColumn = $0.string(3) { keys[keys.count - 1].key.parentColumns.append(parentColumn) }
    }
    return keys.map(\.key)
  }
}
