import Apply
import Capture
import Model
import Postgres
import Schema

/// The tables that stand on the target already, made by the user, and whether they can be filled.
struct Adoption {
  private let matching: TargetMatching
  private let said: Overrides
  /// What is said of the columns, the types of those that stand there included.
  let overrides: Overrides
  /// Whether none stands there.
  let isEmpty: Bool

  /// Looks what stands in the schema under the tables' names.
  init(of tables: [SourceTable], schema: String, _ said: Overrides, _ connection: inout Connection) throws {
    var found = try TargetIntrospection.read(schema: schema, &connection)
    let names = TargetMatching(found).standing(for: tables.map { ($0.name, said.targetName(of: $0.name)) })
    try TargetIntrospection.noteRows(in: &found, named: Set(names.values.map(\.name)), schema: schema, &connection)
    isEmpty = names.isEmpty
    matching = TargetMatching(found)
    self.said = said
    overrides = matching.overrides(said, for: tables)
  }

  /// The plan with the user's tables in it. Throws where they cannot take the source's rows: everything that speaks
  /// against it at once.
  func adopt(_ plan: TargetPlan, _ inputs: [Planner.Input]) throws -> TargetPlan {
    let outcome = matching.adopt(plan)
    guard outcome.problems.isEmpty else {
      throw Failure(
        .configuration, "the tables that stand on the target cannot be filled",
        remedy: "mend this, or choose an empty schema with --target-schema (nothing was changed):\n"
          + Self.list(outcome.problems))
    }
    let misfits = zip(outcome.plan.tables, inputs).flatMap { $0.isUserMade ? lines($1, in: $0) : [] }
    guard misfits.isEmpty else {
      throw Failure(
        .badData, "rows of the source do not fit the tables that stand on the target",
        remedy: "mend the rows, give the columns types that take them, or let the rows go to the quarantine with "
          + "--misfits quarantine (nothing was changed):\n" + Self.list(misfits))
    }
    return outcome.plan
  }

  /// Values that the columns of a table do not take.
  private func lines(_ input: Planner.Input, in table: TablePlan) -> [String] {
    var lines: [String] = []
    for (index, facts) in input.facts.enumerated() {
      let column = table.columns[index]
      let subject = "column '\(column.sourceName)' of '\(table.sourceName)'"
      guard column.isWritten else { continue }
      let settings = said.settings(of: column.sourceName, in: table.sourceName)
      if let said = settings.type, said != column.type {
        lines.append("\(subject) is to be \(said), and is \(column.type) on the target")
        continue
      }
      let tally = facts.candidates.first { $0.type == column.type }
      if let tally, tally.spellings.count > 1, table.keyPositions.contains(index) {
        lines.append("\(subject) is in the key and writes \(column.type) in several ways, so that two keys could meet")
      }
      guard settings.misfits == .refuse else { continue }
      if column.notNull, facts.counts.null > 0 {
        lines.append("\(subject) is NOT NULL on the target and holds NULL in \(Self.rows(facts.counts.null))")
      }
      if let tally, tally.misfits > 0 {
        let reasons = tally.byReason.map { "\($0.reason): \(Self.rows($0.count))" }.joined(separator: "; ")
        let example = tally.exampleKey.map { "; one has the key \(OverrideCheck.words($0))" } ?? ""
        lines.append("\(subject) \(reasons)\(example)")
      }
    }
    return lines
  }

  private static func rows(_ count: Int64) -> String { "\(count) \(count == 1 ? "row" : "rows")" }

  private static func list(_ lines: [String]) -> String { lines.map { "  - \($0)" }.joined(separator: "\n") }
}
