import Apply
import Capture
import Model
import Postgres
import SQLite
import Schema

/// What sync would create, found out without touching either store.
package struct SchemaDraft: Sendable {
  package let plan: TargetPlan

  /// Reads the source's schema and its data.
  /// - Parameters:
  ///   - schema: the target's schema for the tables.
  ///   - citext: where the target has that type.
  package static func read(
    source path: String, selection: TableSelection, overrides: Overrides, schema: String, citext: Citext?,
    stop: StopSignal
  ) throws -> SchemaDraft {
    let database = try SourceFile.openForReading(path)
    do {
      let found = try SourceCatalogue.read(database, selection: selection)
      let installed = try SourceInstallation.read(database)
      let survey = SourceSurvey(overrides: overrides, stop: stop) { _ in }
      let tables = try survey.settled(installed?.tables, found)
      let scanned = try survey.scan(tables, overrides, isInstalled: installed != nil, database)
      var plan = Survey(tables: scanned, views: found.views, citext: citext)
        .plan(schema: schema, overrides: overrides)
      plan.leftOut =
        found.leftOut.map { "\($0.name) (\($0.reason))" } + plan.viewsLeftOut.map { "\($0.name) (view: \($0.reason))" }
      return SchemaDraft(plan: plan)
    } catch let error as SQLiteError {
      throw error.failure(path: path)
    }
  }

  /// The schema that `--target-schema` or the connection names.
  package static func schema(_ named: String?, _ connection: inout Connection) throws -> String {
    try named ?? TargetInstaller.currentSchema(&connection)
  }

  /// Where a target has the type citext, or would have it.
  package static func citext(_ schema: String, _ connection: inout Connection) throws -> Citext? {
    try TargetInstaller.citext(schema: schema, &connection)
  }

  package var script: DDLScript { DDLScript(plan) }

  /// Creates the tables, to stand empty until a sync fills them.
  package func apply(_ connection: inout Connection) throws { try SchemaCreation.apply(plan, &connection) }

  /// What stands on the target otherwise than planned.
  package func differences(_ connection: inout Connection) throws -> [SchemaDifference] {
    // Its own tables stand there where changeover may not create a schema.
    let found = try TargetIntrospection.read(schema: plan.schema, &connection).filter {
      !$0.name.hasPrefix("changeover_")
    }
    let standing = TargetMatching(found).standing(for: plan)
    let names = plan.tables.compactMap { table in
      standing[table.sourceName].map { (table.targetName, $0.name) }
    }
    return SchemaDifference.all(
      planned: try SchemaCreation.described(plan, &connection), views: plan.views.map(\.targetName), found: found,
      standing: Dictionary(names, uniquingKeysWith: { a, _ in a }))
  }
}
