import Journal
import Model
import Postgres
import Schema

/// Rows that a constraint refused are tried again when their table has changed: the row that stood in the way may be gone.
extension GroupApplier {
  /// So many rows of a table at a time; the next ones are then those after them.
  private static let retriedRows = 100

  /// Tries the constraint cases of all tables again, in a transaction of its own.
  package mutating func retry(
    at position: Position, as ownership: Ownership, to connection: inout Connection
  ) throws {
    if quarantineIsEmpty { return }
    do {
      try connection.execute("BEGIN; \(connection.localSettings)")
      _ = try connection.query(
        Ownership.beginning(catalogue), ownership.parameters(from: position.group, to: position, mustBeClean: false))
      let quarantine = Quarantine(catalogue, ownership.source)
      try retry(plans.values.sorted { $0.id < $1.id }, quarantine, &connection)
      let count = try quarantine.count(&connection)
      try connection.execute("COMMIT")
      note(count)
    } catch {
      try? connection.failCopy("changeover gave up")
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  /// Inside the caller's transaction.
  mutating func retry(
    _ tables: [TablePlan], _ quarantine: Quarantine, _ connection: inout Connection
  ) throws {
    for plan in tables {
      let cases = try quarantine.constraintCases(
        of: plan, after: retriedThrough[plan.id] ?? [], limit: Self.retriedRows, &connection)
      retriedThrough[plan.id] = cases.count < Self.retriedRows ? nil : cases.last?.digest
      if cases.isEmpty { continue }
      var trial = try Trial(plan, schema: schema)
      var stream = CopyStream()
      try trial.begin(&stream, on: &connection)
      for (_, bytes) in cases {
        guard let image = ValueList.decode(bytes), image.count == plan.columns.count else { continue }
        _ = trial.append(image, to: &stream)
        try stream.flushIfFull(to: &connection)
      }
      try trial.run(&stream, on: &connection)
      _ = try quarantine.release(takenOf: trial.sql, &connection)
    }
  }
}
