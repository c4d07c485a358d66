import Capture
import Model
import SQLite
import Schema
import Synchronization

/// Proves a plan whose types were chosen from samples, by all rows: the first copy, which reads them anyway, tells what they
/// hold.
final class PlanProof: Sendable {
  private let session: SyncSession
  private let overrides: Overrides
  private let survey: Mutex<Survey>

  /// - Parameters:
  ///   - citext: for a survey that has to be made anew, where an earlier sync began the copy.
  init(
    of session: SyncSession, _ overrides: Overrides, _ selection: TableSelection, _ citext: Citext?,
    _ database: borrowing Database, _ stop: StopSignal
  ) throws {
    self.session = session
    self.overrides = overrides
    survey = Mutex(try session.survey ?? Self.unread(session, selection, citext, database, stop))
  }

  /// What the copy of a table is to show its rows to, from the first one on; nil where nothing is left to learn.
  func scan(of id: TableID) throws -> TableScan? {
    guard let table = survey.withLock({ $0.tables.first { $0.input.table.id == id && $0.isSample }?.input.table })
    else {
      return nil
    }
    return try TableScan(table, overrides)
  }

  /// Takes what all rows of a table showed.
  func take(_ facts: [ColumnFacts], rows: Int64, of id: TableID) {
    survey.withLock { survey in
      guard let place = survey.tables.firstIndex(where: { $0.input.table.id == id }) else { return }
      survey.tables[place].input.facts = facts
      survey.tables[place].rows = rows
    }
  }

  /// Reads the tables that the copy did not show as a whole and returns the plan that takes all rows; throws `StartOver` where
  /// rows copied under the draft are not what it wants.
  func finish(_ database: borrowing Database, _ stop: StopSignal) throws -> TargetPlan {
    do {
      for table in survey.withLock({ $0.tables }) where table.isSample {
        let scan = try database.whenReadable(stop) { database in
          try TypeScan.scan(table.input.table, in: database, overrides: overrides, stop: stop) { _ in }
        }
        take(scan.facts, rows: scan.rows, of: table.input.table.id)
      }
    } catch let error as SQLiteError where error.isGenericError {
      // A table or a column is no longer what it was when the copy began.
      throw StartOver(survey: nil)
    }
    let survey = survey.withLock { $0 }
    let draft = session.record.plan
    var plan = survey.plan(schema: draft.schema, overrides: overrides)
    plan.leftOut = draft.leftOut
    guard plan.tables.count == draft.tables.count,
      zip(plan.tables, draft.tables).allSatisfy({ $0.takesRows(of: $1) })
    else { throw StartOver(survey: survey) }
    return plan
  }

  /// The survey of a sync that goes on with a copy that another began: no row is read yet.
  private static func unread(
    _ session: SyncSession, _ selection: TableSelection, _ citext: Citext?, _ database: borrowing Database,
    _ stop: StopSignal
  ) throws -> Survey {
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

/// A value does not fit a type that was chosen from a sample.
struct Disproved: Error {}

/// The types chosen from samples do not take all rows, or that cannot be told any more: the first copy begins anew.
struct StartOver: Error {
  /// What all rows hold, where it is known.
  var survey: Survey?

  var reason: String {
    survey == nil
      ? "a table changed its shape before its rows could be tried on the types that a sample suggested"
      : "not all rows fit the types that a sample of them suggested"
  }
}
