import Postgres

/// What a finish was asked to do.
package struct FinishOptions: Sendable {
  package var source: String
  package var target: ConnectionTarget
  package var state: String
  package var targetSchema: String?
  /// False for a dry run.
  package var execute: Bool
  /// Whether the SQLite file is opened for writing again, without a trace of changeover.
  package var removesFence: Bool
  /// Whether columns that stand for a key stay.
  package var keepsHiddenColumns: Bool
  /// Seconds to wait for a table's lock, in short attempts.
  package var lockTimeout: Double

  package init(
    source: String, target: ConnectionTarget, state: String, targetSchema: String? = nil, execute: Bool = false,
    removesFence: Bool = false, keepsHiddenColumns: Bool = false, lockTimeout: Double = 30
  ) {
    self.source = source
    self.target = target
    self.state = state
    self.targetSchema = targetSchema
    self.execute = execute
    self.removesFence = removesFence
    self.keepsHiddenColumns = keepsHiddenColumns
    self.lockTimeout = lockTimeout
  }
}
