import Dialect
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

  /// PostgreSQL's INDEX_MAX_KEYS.
  static let indexColumns = 32

  /// Whether the table's key can be the target's: no NULL in it, and no two keys that would meet there.
  package static func keyHolds(_ input: Input) -> Bool {
    guard case .columns(let terms) = input.table.key else { return true }
    return terms.count <= indexColumns
      && input.table.keyPositions.allSatisfy { position in
        !input.facts[position].classes.contains(.null)
          && TypeChoice.isOneToOne(input.table.columns[position], facts: input.facts[position])
      }
  }

  /// - Parameter citext: where the target has that type; nil where it can not.
  package static func plan(
    _ inputs: [Input], views: [SourceView] = [], schema: String, overrides: Overrides = Overrides(),
    citext: Citext? = nil
  ) -> TargetPlan {
    var planner = Planner()
    planner.overrides = overrides
    planner.citext = citext
    let choices = choices(inputs, overrides, hasCitext: citext != nil)
    // All tables before the first index: the name of an index matters less.
    let tableNames = planner.names.tables(inputs.map { overrides.targetName(of: $0.table.name) })
    var tables = zip(inputs.indices, tableNames).map { planner.plan(inputs[$0], named: $1, choices[$0]) }
    var relations: [Relation] = []
    for (index, input) in inputs.enumerated() {
      let relation = planner.relation(of: input, tables[index], schema: schema)
      planner.planGenerated(of: input, relation, into: &tables[index])
      planner.planIndexes(of: input, relation, into: &tables[index])
      planner.planChecks(of: input.table, relation, into: &tables[index])
      relations.append(relation)
    }
    for (index, input) in inputs.enumerated() {
      planner.planForeignKeys(of: input.table, into: &tables[index], inputs: inputs, tables: tables)
    }
    var plan = TargetPlan(schema: schema, tables: tables)
    planner.planViews(views, over: relations, into: &plan)
    return plan
  }

  /// Tables, indexes and sequences share one namespace in a PostgreSQL schema.
  var names = TargetNames()
  var overrides = Overrides()
  var citext: Citext?

  mutating func plan(_ input: Input, named targetName: String, _ choices: [ChosenType]) -> TablePlan {
    let table = input.table
    var notes: [String] = []
    if targetName != table.name { notes.append("the table is called '\(targetName)' on the target") }
    let columns = planColumns(of: input, choices, &notes)
    let isPrimaryKey = isPrimaryKey(table)
    var plan = TablePlan(
      id: table.id, sourceName: table.name, targetName: targetName, columns: columns, keyPositions: table.keyPositions,
      keyName: names.object(targetName + (isPrimaryKey ? "_pkey" : "_key")), isPrimaryKey: isPrimaryKey,
      sequenceName: columns.first(where: \.isIdentity).map { names.object("\(targetName)_\($0.targetName)_seq") },
      indexes: [], foreignKeys: [], notes: notes)
    for clause in table.conflictClauses {
      plan.notes.append("\(clause): PostgreSQL refuses such rows instead, after the switch")
    }
    return plan
  }

  private func planColumns(of input: Input, _ choices: [ChosenType], _ notes: inout [String]) -> [ColumnPlan] {
    let table = input.table
    let keyPositions = table.keyPositions
    var columnNames = TargetNames()
    let targetNames = columnNames.columns(
      table.imageColumns.enumerated().map { index, name in
        index < table.columns.count ? overrides.targetName(of: name, in: table.name) : name
      })
    var columns: [ColumnPlan] = []
    for (index, column) in table.columns.enumerated() {
      let facts = input.facts[index]
      let isKey = keyPositions.contains(index)
      let choice = choices[index]
      let type = choice.type
      let isRowid = table.key == .rowidColumn(column.name)
      let name = targetNames[index]
      if name != column.name { notes.append("column '\(column.name)' is called '\(name)' on the target") }
      notes += choice.notes
      if type.isText, type != .citext, column.collation.uppercased() != "BINARY" {
        notes.append("column '\(column.name)' compares byte by byte on the target, without COLLATE \(column.collation)")
      }
      let seen = facts.classes.subtracting(.null)
      if type == .anyText || type == .keyText,
        StorageClass.allCases.filter({ seen.contains(StorageClasses($0)) }).count > 1
      {
        notes.append("column '\(column.name)' holds values of several storage classes and becomes text")
      }
      let readsNull = choice.reading.empty == .null && facts.emptyTexts > 0
      let breaksNotNull = column.notNull && (facts.classes.contains(.null) || readsNull)
      if breaksNotNull { notes.append("column '\(column.name)' is NOT NULL and holds NULL: NOT NULL is left out") }
      var plan = ColumnPlan(
        sourceName: column.name, targetName: name, type: type, reading: choice.reading,
        notNull: isKey || (column.notNull && !breaksNotNull), isIdentity: isRowid)
      if type == .citext { plan.typeSQL = citext?.sql }
      if !isRowid { planDefault(of: column, into: &plan, &notes) }
      columns.append(plan)
    }
    if case .rowid = table.key {
      columns.append(
        ColumnPlan(
          sourceName: SourceTable.hiddenColumn, targetName: targetNames[table.columns.count], type: .bigint,
          notNull: true, isIdentity: true))
      notes.append("no usable primary key: rows are told apart by the hidden column \(SourceTable.hiddenColumn)")
    }
    return columns
  }

  private func planDefault(of column: SourceColumn, into plan: inout ColumnPlan, _ notes: inout [String]) {
    guard let text = column.defaultExpression else { return }
    // Any form will do: the column is written, not read.
    let kind = plan.kind(storing: .second)
    do {
      plan.defaultSQL = try ColumnDefault.translate(
        text, kind: plan.type == .anyText || plan.type == .keyText ? .text : kind, affinity: column.affinity)
    } catch {
      notes.append("column '\(column.name)': DEFAULT \(text) is left out: \(error)")
    }
  }

  private func isPrimaryKey(_ table: SourceTable) -> Bool {
    guard case .columns(let terms) = table.key else { return true }
    return table.indexes.contains { $0.origin == .primaryKey && $0.terms == terms }
  }
}
