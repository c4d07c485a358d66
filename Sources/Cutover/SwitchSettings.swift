import Postgres

/// What a switch works on and within which limits, in either direction.
package struct SwitchSettings: Sendable {
  package var source: String
  package var target: ConnectionTarget
  package var state: String
  package var targetSchema: String?
  /// False for a dry run.
  package var execute: Bool
  /// Seconds that writers may wait before the switch gives up.
  package var pauseLimit: Double
  /// Seconds to wait for each lock.
  package var lockTimeout: Double
  /// Lag above which it does not begin, in seconds.
  package var maxLag: Double
  /// Findings to accept, by the name that the report gives them.
  package var waived: Set<String>
  /// A shell command that tells the application where to go; run once the other store is open.
  package var onSwitch: String?
  /// A shell command that does one job of the application against the store that was opened.
  package var canary: String?

  package init(
    source: String, target: ConnectionTarget, state: String, targetSchema: String? = nil, execute: Bool = false,
    pauseLimit: Double = 5, lockTimeout: Double = 30, maxLag: Double = 10, waived: Set<String> = [],
    onSwitch: String? = nil, canary: String? = nil
  ) {
    self.source = source
    self.target = target
    self.state = state
    self.targetSchema = targetSchema
    self.execute = execute
    self.pauseLimit = pauseLimit
    self.lockTimeout = lockTimeout
    self.maxLag = maxLag
    self.waived = waived
    self.onSwitch = onSwitch
    self.canary = canary
  }
}

/// What a rollback was asked to do.
package struct RollbackOptions: Sendable {
  package var settings: SwitchSettings
  /// Whether sessions that keep their transactions open for too long are ended.
  package var terminates: Bool
  /// Whether the source is opened without its target, which is gone for good.
  package var abandonsTarget: Bool

  package init(_ settings: SwitchSettings, terminates: Bool = false, abandonsTarget: Bool = false) {
    self.settings = settings
    self.terminates = terminates
    self.abandonsTarget = abandonsTarget
  }
}
