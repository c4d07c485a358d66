import Model
import Postgres

/// Notices that somebody waits for an exclusive lock, perhaps because of a snapshot of ours, while the comparison is busy
/// on the snapshot's own connection.
final class LockWatch {
  /// The snapshot had better end.
  struct InTheWay: Error {}

  private static let seconds = 0.5

  private let job: VerifyJob
  private let target: ConnectionTarget
  private let schema: String
  private var connection: Connection?
  private var lookedAt = ContinuousClock.now

  init(_ job: VerifyJob, _ target: ConnectionTarget, schema: String) {
    self.job = job
    self.target = target
    self.schema = schema
  }

  /// Throws `InTheWay`, or `Stopped`. Looks at most twice a second, and only where a step takes that long.
  func check() throws {
    try job.stop.check()
    guard lookedAt.duration(to: .now) > .seconds(Self.seconds) else { return }
    lookedAt = .now
    // Where the server takes no second connection the snapshot stays open until its end.
    if connection == nil {
      connection = try? Connection(target, applicationName: "changeover verify", stop: job.stop, timeoutSeconds: 2)
    }
    guard var open = connection.take() else { return }
    let isWaiting = (try? Self.isSomebodyWaiting(in: schema, &open)) ?? false
    if open.isHealthy { connection = consume open }
    if isWaiting { throw InTheWay() }
  }

  static func isSomebodyWaiting(
    in schema: String, _ connection: inout Connection
  ) throws(PostgresError) -> Bool {
    var parameters = Parameters()
    parameters.append(text: schema)
    return try connection.query(
      """
      SELECT EXISTS (
        SELECT FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND NOT l.granted AND n.nspname = $1)
      """, parameters
    ).bool(0, 0)
  }
}
