import Model
import Schema

/// A column as the source's catalogue would describe it.
package func column(
  _ name: String, _ declared: String = "", notNull: Bool = false, default expression: String? = nil,
  collation: String = "BINARY", generated: Bool = false
) -> SourceColumn {
  SourceColumn(
    name: name, declared: declared, affinity: Affinity(declared: declared), notNull: notNull,
    defaultExpression: expression, collation: collation, isGenerated: generated)
}

package func term(_ column: String, _ collation: String = "BINARY", descending: Bool = false) -> IndexTerm {
  IndexTerm(subject: .column(column), collation: collation, descending: descending)
}

package func primaryKey(_ columns: String...) -> SourceIndex {
  SourceIndex(
    name: "sqlite_autoindex_1", origin: .primaryKey, isUnique: true, terms: columns.map { term($0) })
}

package func unique(_ name: String, _ terms: IndexTerm...) -> SourceIndex {
  SourceIndex(name: name, origin: .createIndex, isUnique: true, terms: terms)
}

package func index(_ name: String, _ terms: IndexTerm..., where predicate: String? = nil) -> SourceIndex {
  SourceIndex(name: name, origin: .createIndex, isUnique: false, terms: terms, predicate: predicate)
}

package func foreignKey(
  _ columns: [String], to parent: String, _ parentColumns: [String] = [], isDeferred: Bool = false
) -> SourceForeignKey {
  SourceForeignKey(
    columns: columns, parent: parent, parentColumns: parentColumns, onUpdate: "NO ACTION", onDelete: "CASCADE",
    isDeferred: isDeferred)
}

/// A table keyed by the INTEGER PRIMARY KEY `id`, unless told otherwise.
package func table(
  _ name: String, _ columns: [SourceColumn], key: RowKey = .rowidColumn("id"), indexes: [SourceIndex] = [],
  foreignKeys: [SourceForeignKey] = [], id: Int64 = 1
) -> SourceTable {
  SourceTable(id: TableID(id), name: name, columns: columns, key: key, indexes: indexes, foreignKeys: foreignKeys)
}

package let id = column("id", "INTEGER")

extension Planner.Input {
  /// A table whose columns hold what `holding` says, by name; the others hold nothing.
  package init(_ table: SourceTable, holding: [String: StorageClasses] = [:], wide: Set<String> = []) {
    self.init(
      table: table,
      facts: table.columns.map {
        ColumnFacts(classes: holding[$0.name] ?? [], hasWideIntegers: wide.contains($0.name))
      })
  }
}

/// The plan of one table.
package func plan(_ table: SourceTable, holding: [String: StorageClasses] = [:], wide: Set<String> = []) -> TablePlan {
  Planner.plan([Planner.Input(table, holding: holding, wide: wide)], schema: "public").tables[0]
}

/// A column of a plan made by hand.
package func planned(
  _ name: String, _ type: TargetType, as typeSQL: String? = nil, notNull: Bool = false, generated: String? = nil
) -> ColumnPlan {
  var column = plan(table("t", [id, column("c")])).columns[1]
  column.sourceName = name
  column.targetName = name
  column.type = type
  column.typeSQL = typeSQL
  column.notNull = notNull
  column.generatedSQL = generated
  return column
}

/// The plan of a table made by hand.
package func planned(
  _ table: SourceTable, _ columns: [ColumnPlan], indexes: [IndexPlan] = [], checks: [CheckPlan] = []
) -> TablePlan {
  var plan = plan(table)
  plan.columns = columns
  plan.sequenceName = nil
  plan.indexes = indexes
  plan.checks = checks
  return plan
}
