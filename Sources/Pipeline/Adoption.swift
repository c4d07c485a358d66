import Apply
import Model
import Postgres
import SQLite
import Schema

/// The tables of a plan that stand on the target already, made by the user, and whether they can be filled.
struct Adoption {
  private let matching: TargetMatching
  /// With the user's tables in it.
  let plan: TargetPlan
  private let problems: [String]

  /// Looks what stands in the plan's schema.
  static func look(for plan: TargetPlan, _ connection: inout Connection) throws -> Adoption {
    var found = try TargetIntrospection.read(schema: plan.schema, &connection)
    let names = Set(TargetMatching(found).standing(for: plan).values.map(\.name))
    try TargetIntrospection.noteRows(in: &found, named: names, schema: plan.schema, &connection)
    let matching = TargetMatching(found)
    let outcome = matching.adopt(plan)
    return Adoption(matching: matching, plan: outcome.plan, problems: outcome.problems)
  }

  /// The same for a plan with other numbers.
  func adopt(_ plan: TargetPlan) -> TargetPlan { matching.adopt(plan).plan }

  /// Throws where the user's tables cannot take the source's rows: everything that speaks against it at once.
  func check(_ tables: [SourceTable], _ database: borrowing Database, stop: StopSignal) throws {
    guard problems.isEmpty else {
      throw Failure(
        .configuration, "the tables that stand on the target cannot be filled",
        remedy: "mend this, or choose an empty schema with --target-schema (nothing was changed):\n"
          + Self.list(problems))
    }
    var findings: [String] = []
    for table in plan.tables where table.isUserMade {
      guard let source = tables.first(where: { $0.name == table.sourceName }) else { continue }
      findings += try FitScan.scan(source, as: table, in: database, stop: stop).map(\.sentence)
    }
    guard findings.isEmpty else {
      throw Failure(
        .badData, "rows of the source do not fit the tables that stand on the target",
        remedy: "mend the rows, or give the columns types that take them (nothing was changed):\n"
          + Self.list(findings))
    }
  }

  private static func list(_ lines: [String]) -> String { lines.map { "  - \($0)" }.joined(separator: "\n") }
}
