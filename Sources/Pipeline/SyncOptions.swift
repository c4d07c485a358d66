import Capture
import Journal
import Postgres
import Schema

/// What a sync was asked to do.
package struct SyncOptions: Sendable {
  package var source: String
  package var target: ConnectionTarget
  package var state: String
  package var selection: TableSelection
  /// The schema for the tables; nil for the connection's own.
  package var targetSchema: String?
  package var untilCaughtUp: Bool
  /// Throw away what was copied and begin again.
  package var reseed: Bool
  /// Take the source over from another state directory.
  package var takeOver: Bool
  /// Tables copied at a time.
  package var jobs: Int
  package var retention: RetentionPolicy
  /// What the user says about types and names.
  package var overrides: Overrides
  /// What to do when the application changes its schema.
  package var schemaPolicy: SchemaPolicy
  /// Seconds between two verifies in the background; nil for none.
  package var verifyEvery: Double?
  /// Rows a second that these compare.
  package var verifyRate: Double

  package init(
    source: String, target: ConnectionTarget, state: String, selection: TableSelection = TableSelection(),
    targetSchema: String? = nil, untilCaughtUp: Bool = false, reseed: Bool = false, takeOver: Bool = false,
    jobs: Int = 2, retention: RetentionPolicy, overrides: Overrides = Overrides(),
    schemaPolicy: SchemaPolicy = .forward, verifyEvery: Double? = nil, verifyRate: Double = 20_000
  ) {
    self.source = source
    self.target = target
    self.state = state
    self.selection = selection
    self.targetSchema = targetSchema
    self.untilCaughtUp = untilCaughtUp
    self.reseed = reseed
    self.takeOver = takeOver
    self.jobs = jobs
    self.retention = retention
    self.overrides = overrides
    self.schemaPolicy = schemaPolicy
    self.verifyEvery = verifyEvery
    self.verifyRate = verifyRate
  }

  /// What the background verify is asked to do.
  var verify: VerifyOptions {
    VerifyOptions(
      source: source, target: target, state: state, targetSchema: targetSchema, rowsPerSecond: verifyRate,
      maxTransactionSeconds: 10, resumes: true)
  }
}
