import Postgres

/// What a cutover was asked to do.
package struct CutoverOptions: Sendable {
  package var source: String
  package var target: ConnectionTarget
  package var state: String
  package var targetSchema: String?
  /// False for a dry run.
  package var execute: Bool
  /// Seconds that writers may wait before the cutover gives up.
  package var pauseLimit: Double
  /// Seconds to wait for the source's write lock; nobody else waits meanwhile.
  package var lockTimeout: Double
  /// Lag above which it does not begin, in seconds.
  package var maxLag: Double
  /// How old the last clean verify may be, in seconds, before cutover runs one itself.
  package var verifiedWithin: Double
  /// Findings to accept, by the name that the report gives them.
  package var waived: Set<String>
  /// A shell command that tells the application where to go; run once the target is open.
  package var onSwitch: String?

  package init(
    source: String, target: ConnectionTarget, state: String, targetSchema: String? = nil, execute: Bool = false,
    pauseLimit: Double = 5, lockTimeout: Double = 30, maxLag: Double = 10, verifiedWithin: Double = 86_400,
    waived: Set<String> = [],
    onSwitch: String? = nil
  ) {
    self.source = source
    self.target = target
    self.state = state
    self.targetSchema = targetSchema
    self.execute = execute
    self.pauseLimit = pauseLimit
    self.lockTimeout = lockTimeout
    self.maxLag = maxLag
    self.verifiedWithin = verifiedWithin
    self.waived = waived
    self.onSwitch = onSwitch
  }
}
