import Capture
import Model
import SQLite
import Schema

/// Proves a plan whose types were chosen from samples: reads the sampled tables to their ends, while they are copied.
struct PlanProof: Sendable {
  let sourcePath: String
  let session: SyncSession
  let overrides: Overrides
  let selection: TableSelection
  /// For a survey that has to be made anew, where an earlier sync began the copy.
  let citext: Citext?
  let stop: StopSignal

  /// The plan that takes all rows; throws `StartOver` where rows copied under the draft are not what it wants.
  /// - Parameter disproved: called as soon as that is known; reading goes on, so that the new start has what it needs.
  func run(disproved: () -> Void) throws -> TargetPlan {
    let database = try SourceFile.openAgain(sourcePath, stop: stop)
    var survey: Survey
    do {
      survey = try session.survey ?? unread(database)
      FaultPoint.reach("proof-begun")
      var isDisproved = false
      for index in survey.tables.indices.sorted(by: { survey.tables[$0].rows > survey.tables[$1].rows })
      where survey.tables[index].isSample {
        let scan = try database.whenReadable(stop) { database in
          try TypeScan.scan(survey.tables[index].input.table, in: database, overrides: overrides, stop: stop) { _ in }
        }
        survey.tables[index].input.facts = scan.facts
        survey.tables[index].rows = scan.rows
        if !isDisproved, !holds(survey) {
          isDisproved = true
          disproved()
        }
      }
    } catch let error as SQLiteError where error.isGenericError {
      // A table or a column is no longer what it was when the copy began.
      throw StartOver(survey: nil)
    }
    let plan = plan(survey)
    guard fits(plan) else { throw StartOver(survey: survey) }
    return plan
  }

  private func plan(_ survey: Survey) -> TargetPlan {
    var plan = survey.plan(schema: session.record.plan.schema, overrides: overrides)
    plan.leftOut = session.record.plan.leftOut
    return plan
  }

  private func holds(_ survey: Survey) -> Bool { fits(plan(survey)) }

  private func fits(_ plan: TargetPlan) -> Bool {
    let draft = session.record.plan.tables
    return plan.tables.count == draft.count && zip(plan.tables, draft).allSatisfy { $0.takesRows(of: $1) }
  }

  /// The survey of a sync that goes on with a copy that another began: no row is read yet.
  private func unread(_ database: borrowing Database) throws -> Survey {
    try database.whenReadable(stop) { database in
      for table in session.installation.tables
      where try SourceInstallation.hasSteps(of: table.id, after: session.record.applied.sequence, in: database) {
        throw StartOver(survey: nil)
      }
      let tables = session.installation.tables.map { table in
        var facts = ColumnFacts()
        facts.sampledRows = 0
        return Survey.Table(input: Planner.Input(table: table, facts: table.columns.map { _ in facts }), rows: 0)
      }
      let views = try SourceCatalogue.read(database, selection: selection).views
      return Survey(tables: tables, views: views, citext: citext)
    }
  }
}

/// The types chosen from samples do not take all rows, or that cannot be told any more: the first copy begins anew.
struct StartOver: Error {
  /// What all rows hold, where it is known.
  var survey: Survey?
}
