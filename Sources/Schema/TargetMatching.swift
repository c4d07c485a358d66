import Model

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

  /// The tables that stand under names of the source, or those that are wanted on the target: by the exact name first,
  /// then whatever the case.
  package func standing(for names: [(source: String, target: String)]) -> [String: FoundTable] {
    var matches: [String: FoundTable] = [:]
    var taken: Set<String> = []
    for name in names {
      guard let exact = found.first(where: { $0.name == name.target || $0.name == name.source }) else { continue }
      matches[name.source] = exact
      taken.insert(exact.name)
    }
    for name in names where matches[name.source] == nil {
      let lowered = name.source.lowercased()
      let others = found.filter { $0.name.lowercased() == lowered && !taken.contains($0.name) }
      guard let first = others.first, others.count == 1 else { continue }
      matches[name.source] = first
      taken.insert(first.name)
    }
    return matches
  }

  /// The tables that stand under the plan's names.
  package func standing(for plan: TargetPlan) -> [String: FoundTable] {
    standing(for: plan.tables.map { ($0.sourceName, $0.targetName) })
  }

  /// What is said of the columns, with the types that they have on the target where the user said none: the data is then
  /// held against these.
  package func overrides(_ overrides: Overrides, for tables: [SourceTable]) -> Overrides {
    var result = overrides
    let matches = standing(for: tables.map { ($0.name, overrides.targetName(of: $0.name)) })
    for table in tables {
      guard let match = matches[table.name], match.kind == .table else { continue }
      for column in table.columns
      where overrides.settings(of: column.name, in: table.name).type == nil {
        let name = overrides.targetName(of: column.name, in: table.name)
        guard let type = Self.column(name, column.name, in: match)?.type else { continue }
        result.set(table.name, column.name, at: "the target's table '\(match.name)'") { $0.type = type }
      }
    }
    return result
  }

  package func adopt(_ plan: TargetPlan) -> Outcome {
    let matches = standing(for: plan)
    var outcome = Outcome(plan: plan)
    // A view under the name of a planned one is the user's, as tables are.
    outcome.plan.views.removeAll { view in found.contains { $0.name == view.targetName && $0.kind == .view } }
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
