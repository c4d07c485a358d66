import Apply
import Model
import Pipeline
import Postgres
import Schema

/// What follows once the application writes to the target: foreign keys are checked, autovacuum comes back.
struct Aftercare {
  private let session: SyncSession

  init(_ session: SyncSession) { self.session = session }

  func run(waived: Set<String>, _ connection: inout Connection, _ steps: inout Steps) throws {
    let started = ContinuousClock.now
    let plan = session.record.plan
    let ddl = DDL(plan)
    try TargetPhase.setAutovacuum(true, plan: plan, &connection)
    var valid = 0
    var invalid: [String] = []
    for table in plan.tables {
      for key in table.foreignKeys where !waived.contains(key.name) {
        do {
          try connection.execute(ddl.validateForeignKey(key, on: table))
          valid += 1
        } catch {
          guard error.sqlState != nil else { throw error }
          invalid.append(key.name)
        }
      }
    }
    let detail =
      invalid.isEmpty
      ? "\(valid) valid" : "\(valid) valid; left NOT VALID, rows lead nowhere: \(invalid.joined(separator: ", "))"
    steps.add(
      Checkpoint(
        "foreign keys validated", ok: invalid.isEmpty, detail: detail,
        milliseconds: started.duration(to: .now) / .milliseconds(1)))
  }
}
