import Model

extension Planner {
  mutating func planForeignKeys(
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
      let parent = inputs[parentIndex]
      let parentPlan = tables[parentIndex]
      let parentColumns =
        key.parentColumns.isEmpty ? primaryKey(of: parent.table) : positions(key.parentColumns, in: parent.table)
      let columns = positions(key.columns, in: table)
      guard columns.count == key.columns.count, parentColumns.count == columns.count,
        isUnique(parentColumns, in: parent)
      else {
        plan.notes.append("\(description) is left out: the columns it refers to are not unique there")
        continue
      }
      let own = columns.map { plan.columns[$0] }
      let other = parentColumns.map { parentPlan.columns[$0] }
      guard zip(own, other).allSatisfy({ Self.isComparable($0.type, $1.type) }) else {
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

  /// What a foreign key refers to that names no columns; not always the key that tells our rows apart.
  private func primaryKey(of table: SourceTable) -> [Int] {
    if case .rowidColumn = table.key { return table.keyPositions }
    guard let index = table.indexes.first(where: { $0.origin == .primaryKey }) else { return [] }
    return columnPositions(of: index, in: table) ?? []
  }

  /// Whether a UNIQUE index over just these columns will stand on the target.
  private func isUnique(_ positions: [Int], in input: Input) -> Bool {
    let wanted = Set(positions)
    guard !wanted.isEmpty, wanted.count == positions.count else { return false }
    if Set(input.table.keyPositions) == wanted, case .rowidColumn = input.table.key { return true }
    return input.table.indexes.contains { index in
      index.isUnique && index.predicate == nil && index.terms.count <= Self.indexColumns
        && columnPositions(of: index, in: input.table).map(Set.init) == wanted && staysUnique(index, in: input)
    }
  }

  /// Nil where the index is over more than plain columns compared byte by byte.
  private func columnPositions(of index: SourceIndex, in table: SourceTable) -> [Int]? {
    var positions: [Int] = []
    for term in index.terms {
      guard case .column(let name) = term.subject, term.collation.uppercased() == "BINARY",
        let position = table.columns.firstIndex(where: { $0.name == name })
      else { return nil }
      positions.append(position)
    }
    return positions
  }
}
