import Model
import Postgres
import Schema

/// Creates the views of a plan, after the first drain. One that PostgreSQL refuses is left out.
package enum ViewBuilder {
  /// Tells our views from those that the user made in place of one that was left out.
  static let mark = "Made by changeover."

  /// Creates one view; a note where it was left out. Idempotent.
  package static func build(
    _ view: ViewPlan, of plan: TargetPlan, _ connection: inout Connection
  ) throws -> String? {
    let ddl = DDL(plan)
    if try standsAlready(view, ddl, &connection) {
      return "view '\(view.targetName)' stands on the target already and stays as it is"
    }
    do {
      try connection.run(creation(view, ddl), in: plan)
      return nil
    } catch {
      guard case .server(let refusal) = error, refusal.isAboutTheStatement else { throw error }
      return "view '\(view.targetName)' is left out: \(refusal.description)"
    }
  }

  static func creation(_ view: ViewPlan, _ ddl: DDL) -> [String] {
    [ddl.createView(view), "COMMENT ON VIEW \(ddl.name(of: view)) IS \(PostgresText.literal(mark))"]
  }

  /// Whether somebody else made a view of that name.
  private static func standsAlready(
    _ view: ViewPlan, _ ddl: DDL, _ connection: inout Connection
  ) throws(PostgresError) -> Bool {
    var parameters = Parameters()
    parameters.append(text: ddl.name(of: view))
    parameters.append(text: mark)
    return try connection.query(
      """
      SELECT to_regclass($1) IS NOT NULL AND obj_description(to_regclass($1), 'pg_class') IS DISTINCT FROM $2
      """, parameters
    ).bool(0, 0)
  }

  /// Drops those of the plan's views that are ours.
  static func removal(_ plan: TargetPlan) -> [String] {
    let ddl = DDL(plan)
    // The last first: it may read the others.
    return plan.views.reversed().map { view in
      let name = PostgresText.literal(ddl.name(of: view))
      let block = """
        BEGIN
          IF obj_description(to_regclass(\(name)), 'pg_class') = \(PostgresText.literal(mark)) THEN
            \(ddl.dropView(view));
          END IF;
        END
        """
      return "DO \(PostgresText.literal(block))"
    }
  }
}
