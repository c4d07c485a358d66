/// Joins a plan with the tables that stand on the target already, made by the user: which column takes which, and what
/// speaks against it.
package struct TargetMatching: Sendable {
  /// The plan with the user's tables in it, and everything that cannot work.
  package struct Outcome: Sendable {
    package var plan: TargetPlan
    /// Each with its remedy; empty where the plan can be carried out.
    package var problems: [String] = []
  }

  private let found: [FoundTable]

  package init(_ found: [FoundTable]) { self.found = found }

  /// The tables that stand under the plan's names: by the exact name first, then whatever the case.
  package func standing(for plan: TargetPlan) -> [String: FoundTable] {
    var matches: [String: FoundTable] = [:]
    var taken: Set<String> = []
    for table in plan.tables {
      guard let exact = found.first(where: { $0.name == table.targetName || $0.name == table.sourceName }) else {
        continue
      }
      matches[table.sourceName] = exact
      taken.insert(exact.name)
    }
    for table in plan.tables where matches[table.sourceName] == nil {
      let lowered = table.sourceName.lowercased()
      let others = found.filter { $0.name.lowercased() == lowered && !taken.contains($0.name) }
      guard let first = others.first, others.count == 1 else { continue }
      matches[table.sourceName] = first
      taken.insert(first.name)
    }
    return matches
  }

  /// The types that a table's columns have on the target, in the order of `columns`; nil where the table is not there,
  /// or the column. What the data is held against before anything is planned.
  package func types(of columns: [String], inTable name: String) -> [TargetType?]? {
    let table =
      found.first { $0.name == name } ?? Self.only(found.filter { $0.name.lowercased() == name.lowercased() })
    guard let table, table.kind == .table else { return nil }
    return columns.map { Self.column($0, $0, in: table)?.type }
  }

  package func adopt(_ plan: TargetPlan) -> Outcome {
    let matches = standing(for: plan)
    var outcome = Outcome(plan: plan)
    var names: [String: Renaming] = [:]
    for index in plan.tables.indices {
      let planned = plan.tables[index]
      guard let match = matches[planned.sourceName] else { continue }
      let adoption = TableAdoption(match, schema: plan.schema)
      outcome.plan.tables[index] = adoption.adopt(planned, &outcome.problems)
      names[planned.targetName] = Renaming(from: planned, to: outcome.plan.tables[index])
    }
    let planned = Set(outcome.plan.tables.map { PostgresText.identifier(plan.schema, $0.targetName) })
    for index in outcome.plan.tables.indices {
      var table = outcome.plan.tables[index]
      // Keys between two tables of the plan stand with the one that has them.
      let own = PostgresText.identifier(plan.schema, table.targetName)
      table.kept?.foreignKeys.removeAll { $0.table != own && planned.contains($0.table) }
      if !table.isUserMade {
        for key in table.foreignKeys.indices {
          names[table.foreignKeys[key].parentTable]?.apply(to: &table.foreignKeys[key])
        }
      }
      outcome.plan.tables[index] = table
    }
    return outcome
  }

  /// The column under a name; the exact one first, then whatever the case if there is only one.
  static func column(_ targetName: String, _ sourceName: String, in table: FoundTable) -> FoundColumn? {
    table.columns.first { $0.name == targetName } ?? table.columns.first { $0.name == sourceName }
      ?? only(table.columns.filter { $0.name.lowercased() == sourceName.lowercased() })
  }

  private static func only<Element>(_ elements: [Element]) -> Element? {
    elements.count == 1 ? elements[0] : nil
  }

  /// From planned names to those found.
  private struct Renaming {
    private let table: String
    private let columns: [String: String]

    init(from planned: TablePlan, to adopted: TablePlan) {
      table = adopted.targetName
      columns = Dictionary(
        zip(planned.columns, adopted.columns).map { ($0.targetName, $1.targetName) }, uniquingKeysWith: { a, _ in a })
    }

    func apply(to key: inout ForeignKeyPlan) {
      key.parentTable = table
      key.parentColumns = key.parentColumns.map { columns[$0] ?? $0 }
    }
  }
}
