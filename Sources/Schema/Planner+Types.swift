import Model

extension Planner {
  /// The types of all columns, those of foreign keys in accord with what they refer to.
  static func choices(_ inputs: [Input], _ overrides: Overrides, hasCitext: Bool) -> [[ChosenType]] {
    var choices = inputs.map { input in
      zip(input.table.columns, input.facts).map { column, facts in
        TypeChoice.choose(
          column, facts: facts, role: role(of: column, in: input.table),
          overrides.settings(of: column.name, in: input.table.name), hasCitext: hasCitext)
      }
    }
    for (child, input) in inputs.enumerated() {
      for key in input.table.foreignKeys {
        guard let parent = inputs.firstIndex(where: { $0.table.name.lowercased() == key.parent.lowercased() }) else {
          continue
        }
        let others =
          key.parentColumns.isEmpty
          ? inputs[parent].table.keyPositions : positions(key.parentColumns, in: inputs[parent].table)
        for (own, other) in zip(positions(key.columns, in: input.table), others)
        where choices[parent].indices.contains(other) {
          let wanted = TypeCandidates.candidates(of: inputs[parent].table.columns[other]).first?.type
          guard wanted != nil, wanted == TypeCandidates.candidates(of: input.table.columns[own]).first?.type else {
            continue
          }
          accord(&choices[child][own], with: choices[parent][other], input.table.columns[own], input, overrides)
        }
      }
    }
    return choices
  }

  /// A column that refers to one that had to become text becomes text too: it holds the same values.
  private static func accord(
    _ choice: inout ChosenType, with parent: ChosenType, _ column: SourceColumn, _ input: Input, _ overrides: Overrides
  ) {
    guard parent.type.isText, !choice.type.isText, !role(of: column, in: input.table).keepsApart,
      overrides.settings(of: column.name, in: input.table.name).type == nil
    else { return }
    choice = ChosenType(type: .anyText, reading: Reading())
  }

  private static func positions(_ names: [String], in table: SourceTable) -> [Int] {
    names.compactMap { name in table.columns.firstIndex { $0.name.lowercased() == name.lowercased() } }
  }

  package static func role(of column: SourceColumn, in table: SourceTable) -> ColumnRole {
    var role: ColumnRole = []
    if table.key == .rowidColumn(column.name) { role.insert(.rowid) }
    if table.keyPositions.contains(where: { table.columns.indices.contains($0) && table.columns[$0] == column }) {
      role.insert(.key)
    }
    for index in table.indexes where index.terms.contains(where: { $0.subject == .column(column.name) }) {
      role.insert(.indexed)
      if index.isUnique { role.insert(.unique) }
    }
    return role
  }

  /// Whether PostgreSQL compares the two in a foreign key.
  static func isComparable(_ own: TargetType, _ other: TargetType) -> Bool {
    let integers: [TargetType] = [.smallint, .integer, .bigint]
    return own.baseSQL == other.baseSQL && (own == .citext) == (other == .citext)
      || integers.contains(own) && integers.contains(other)
  }
}

/// Where the target has the type citext, or will have it.
package struct Citext: Sendable, Hashable {
  package let schema: String

  package init(schema: String) { self.schema = schema }

  var sql: String { "\(PostgresText.identifier(schema)).citext" }
}
