import Model

/// Decides from the source's schema and what its columns hold what stands on the target.
package struct Planner {
  /// A source table with what its columns were seen to hold, in the order of its columns.
  package struct Input: Sendable {
    package var table: SourceTable
    package var facts: [ColumnFacts]

    package init(table: SourceTable, facts: [ColumnFacts]) {
      self.table = table
      self.facts = facts
    }
  }

  /// Whether the table's key can be the target's: no NULL in it, and no two keys that would meet there.
  package static func keyHolds(_ input: Input) -> Bool {
    guard case .columns = input.table.key else { return true }
    return input.table.keyPositions.allSatisfy { position in
      !input.facts[position].classes.contains(.null)
        && TypeChoice.isOneToOne(input.table.columns[position], facts: input.facts[position])
    }
  }

  package static func plan(_ inputs: [Input], schema: String) -> TargetPlan {
    var planner = Planner()
    var tables = inputs.map { planner.plan($0) }
    for (index, input) in inputs.enumerated() {
      planner.planForeignKeys(of: input.table, into: &tables[index], inputs: inputs, tables: tables)
    }
    return TargetPlan(schema: schema, tables: tables)
  }

  /// Tables and indexes share one namespace in a PostgreSQL schema.
  private var names = TargetNames()

  private mutating func plan(_ input: Input) -> TablePlan {
    let table = input.table
    var notes: [String] = []
    var columnNames = TargetNames()
    let keyPositions = table.keyPositions
    var columns: [ColumnPlan] = []
    for (index, column) in table.columns.enumerated() {
      let facts = input.facts[index]
      let isKey = keyPositions.contains(index)
      let type = TypeChoice.type(of: column, facts: facts, isKey: isKey)
      let isRowid = table.key == .rowidColumn(column.name)
      let name = columnNames.column(column.name)
      if name != column.name { notes.append("column '\(column.name)' is called '\(name)' on the target") }
      if column.isGenerated { notes.append("generated column '\(column.name)' becomes an ordinary column") }
      let seen = facts.classes.subtracting(.null)
      if type == .anyText, StorageClass.allCases.filter({ seen.contains(StorageClasses($0)) }).count > 1 {
        notes.append("column '\(column.name)' holds values of several storage classes and becomes text")
      }
      let breaksNotNull = column.notNull && facts.classes.contains(.null)
      if breaksNotNull { notes.append("column '\(column.name)' is NOT NULL and holds NULL: NOT NULL is left out") }
      let defaultSQL = isRowid ? nil : DefaultTranslation.translate(column.defaultExpression, type: type)
      if let expression = column.defaultExpression, defaultSQL == nil, expression.uppercased() != "NULL" {
        notes.append("column '\(column.name)': DEFAULT \(expression) is left out")
      }
      columns.append(
        ColumnPlan(
          sourceName: column.name, targetName: name, type: type,
          notNull: isKey || (column.notNull && !breaksNotNull), isIdentity: isRowid, defaultSQL: defaultSQL))
    }
    if case .rowid = table.key {
      columns.append(
        ColumnPlan(
          sourceName: SourceTable.hiddenColumn, targetName: columnNames.column(SourceTable.hiddenColumn),
          type: .bigint, notNull: true, isIdentity: true))
      notes.append("no usable primary key: rows are told apart by the hidden column \(SourceTable.hiddenColumn)")
    }
    let targetName = names.table(table.name)
    if targetName != table.name { notes.append("the table is called '\(targetName)' on the target") }
    let isPrimaryKey = isPrimaryKey(table)
    var plan = TablePlan(
      id: table.id, sourceName: table.name, targetName: targetName, columns: columns, keyPositions: keyPositions,
      keyName: names.object(targetName + (isPrimaryKey ? "_pkey" : "_key")), isPrimaryKey: isPrimaryKey,
      indexes: [], foreignKeys: [], notes: notes)
    planIndexes(of: table, into: &plan)
    return plan
  }

  private func isPrimaryKey(_ table: SourceTable) -> Bool {
    guard case .columns(let terms) = table.key else { return true }
    return table.indexes.contains { $0.origin == .primaryKey && $0.terms == terms }
  }

  private mutating func planIndexes(of table: SourceTable, into plan: inout TablePlan) {
    for index in table.indexes {
      let isKey = table.key == .columns(index.terms) && index.isUnique && index.predicate == nil
      let isBinary = index.terms.allSatisfy { $0.collation.uppercased() == "BINARY" }
      if isKey && isBinary { continue }
      guard index.predicate == nil else {
        plan.notes.append("partial index '\(index.name)' is left out")
        continue
      }
      guard let terms = terms(of: index, in: table, plan) else {
        plan.notes.append("index '\(index.name)' is left out: it has an expression or a collation of its own")
        continue
      }
      let isAutomatic = index.origin != .createIndex
      let columns = index.terms.compactMap { term -> String? in
        if case .column(let name) = term.subject { name } else { nil }
      }
      let name = isAutomatic ? "\(plan.targetName)_\(columns.joined(separator: "_"))_key" : index.name
      plan.indexes.append(IndexPlan(name: names.object(name), isUnique: index.isUnique, terms: terms))
    }
  }

  /// Nil where a term has no plain counterpart.
  private func terms(of index: SourceIndex, in table: SourceTable, _ plan: TablePlan) -> String? {
    var terms: [String] = []
    for term in index.terms {
      let position: Int?
      switch term.subject {
      case .column(let name): position = table.columns.firstIndex { $0.name == name }
      case .rowid: position = plan.columns.firstIndex(where: \.isIdentity)
      case .expression: return nil
      }
      guard let position else { return nil }
      let column = plan.columns[position]
      let name = PostgresText.identifier(column.targetName)
      let direction = term.descending ? " DESC" : ""
      switch term.collation.uppercased() {
      case _ where !column.type.isText: terms.append(name + direction)
      case "BINARY": terms.append(name + direction)
      // Under the collation "C" only ASCII letters fold, as in SQLite's NOCASE.
      case "NOCASE": terms.append("lower(\(name))" + direction)
      case "RTRIM": terms.append("rtrim(\(name), ' ')" + direction)
      default: return nil
      }
    }
    return terms.joined(separator: ", ")
  }

  private mutating func planForeignKeys(
    of table: SourceTable, into plan: inout TablePlan, inputs: [Input], tables: [TablePlan]
  ) {
    for key in table.foreignKeys {
      let description = "foreign key (\(key.columns.joined(separator: ", "))) to '\(key.parent)'"
      guard
        let parentIndex = inputs.firstIndex(where: { $0.table.name.lowercased() == key.parent.lowercased() })
      else {
        plan.notes.append("\(description) is left out: that table does not move")
        continue
      }
      let parent = inputs[parentIndex].table
      let parentPlan = tables[parentIndex]
      let parentColumns = key.parentColumns.isEmpty ? parent.keyPositions : positions(key.parentColumns, in: parent)
      let columns = positions(key.columns, in: table)
      guard columns.count == key.columns.count, parentColumns.count == columns.count,
        isUnique(parentColumns, in: parent)
      else {
        plan.notes.append("\(description) is left out: the columns it refers to are not unique there")
        continue
      }
      let own = columns.map { plan.columns[$0] }
      let other = parentColumns.map { parentPlan.columns[$0] }
      guard zip(own, other).allSatisfy({ $0.type.baseSQL == $1.type.baseSQL }) else {
        plan.notes.append("\(description) is left out: the columns have different types")
        continue
      }
      plan.foreignKeys.append(
        ForeignKeyPlan(
          name: names.object("\(plan.targetName)_\(own.map(\.targetName).joined(separator: "_"))_fkey"),
          columns: own.map(\.targetName), parentTable: parentPlan.targetName,
          parentColumns: other.map(\.targetName), onUpdate: key.onUpdate, onDelete: key.onDelete,
          isDeferred: key.isDeferred))
    }
  }

  private func positions(_ names: [String], in table: SourceTable) -> [Int] {
    names.compactMap { name in table.columns.firstIndex { $0.name.lowercased() == name.lowercased() } }
  }

  private func isUnique(_ positions: [Int], in table: SourceTable) -> Bool {
    let wanted = Set(positions)
    if Set(table.keyPositions) == wanted, case .rowidColumn = table.key { return true }
    return table.indexes.contains { index in
      guard index.isUnique, index.predicate == nil else { return false }
      let columns = index.terms.compactMap { term -> Int? in
        guard case .column(let name) = term.subject, term.collation.uppercased() == "BINARY" else { return nil }
        return table.columns.firstIndex { $0.name == name }
      }
      return columns.count == index.terms.count && Set(columns) == wanted
    }
  }
}
