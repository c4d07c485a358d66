import Model
import Schema

/// What a plan is made of.
struct Survey: Sendable {
  /// A table with what it was seen to hold.
  struct Table: Sendable {
    var input: Planner.Input
    var rows: Int64

    /// Whether only some of its rows were read.
    var isSample: Bool { input.facts.contains { $0.sampledRows != nil } }
  }

  var tables: [Table]
  var views: [SourceView]
  /// Where the target has that type.
  var citext: Citext?

  var isSample: Bool { tables.contains(where: \.isSample) }
  var inputs: [Planner.Input] { tables.map(\.input) }

  /// The same of tables that are numbered by now.
  func numbered(_ numbered: [SourceTable]) -> Survey {
    var survey = self
    for (index, table) in numbered.enumerated() where index < tables.count { survey.tables[index].input.table = table }
    return survey
  }

  func plan(schema: String, overrides: Overrides) -> TargetPlan {
    var plan = Planner.plan(inputs, views: views, schema: schema, overrides: overrides, citext: citext)
    if isSample { plan.isDraft = true }
    return plan
  }
}
