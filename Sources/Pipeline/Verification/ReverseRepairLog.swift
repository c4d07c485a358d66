import Apply
import Model
import Postgres
import Schema
import Verify

/// Logs keys on the target as its triggers do, a few at a time: after the switch its rows are the ones that count.
struct ReverseRepairLog {
  private static let keysAtOnce = 1_000

  let source: RandomID
  let catalogue: TargetCatalogue
  let stop: StopSignal

  /// Keys that the target cannot have stand for rows that only the source has: then the whole table comes again, and what
  /// does not come is gone.
  func log(
    _ keys: [[Value]], of plan: TablePlan, _ connection: inout Connection, report: (Int) -> Void
  ) throws {
    let encoder = try KeyFields(plan)
    let fields = keys.compactMap { encoder.fields(of: $0)?.map { Value.blob($0) } }
    let log = ReverseLog(plan, of: source, catalogue)
    if fields.count < keys.count {
      try connection.execute("INSERT INTO \(catalogue.log(plan.id, of: source)) (op) VALUES (5)")
      return report(keys.count)
    }
    for start in stride(from: 0, to: fields.count, by: Self.keysAtOnce) {
      try stop.check()
      let some = Array(fields[start..<min(start + Self.keysAtOnce, fields.count)])
      do {
        try connection.execute("BEGIN; \(connection.localSettings)")
        try log.log(some, &connection)
        try connection.execute("COMMIT")
      } catch {
        if connection.isHealthy { try? connection.execute("ROLLBACK") }
        throw error
      }
      report(start + some.count)
    }
  }
}
