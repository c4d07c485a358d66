import Postgres

/// What a verify was asked to do.
package struct VerifyOptions: Sendable {
  package var source: String
  package var target: ConnectionTarget
  package var state: String
  package var targetSchema: String?
  /// Tables of the source to compare; empty for all.
  package var tables: [String]
  /// Have the stream bring what differs.
  package var repairs: Bool
  /// Differences that are named one by one; all are counted.
  package var limit: Int
  package var showsValues: Bool
  /// Rows of each side read in a second; nil for as fast as it goes.
  package var rowsPerSecond: Double?
  /// How long a transaction may stay open on either side, in seconds.
  package var maxTransactionSeconds: Double
  /// Go on where an interrupted run ended.
  package var resumes: Bool
  /// Rows of one table that a repair finds, brings and compares again before it looks for more.
  package var repairsAtOnce = 100_000
  /// How long others' locks on the target's tables are waited for, in seconds.
  package var lockPatience: Double

  package init(
    source: String, target: ConnectionTarget, state: String, targetSchema: String? = nil, tables: [String] = [],
    repairs: Bool = false, limit: Int = 100, showsValues: Bool = false, rowsPerSecond: Double? = nil,
    maxTransactionSeconds: Double = 30, resumes: Bool = false, lockPatience: Double = 60
  ) {
    self.source = source
    self.target = target
    self.state = state
    self.targetSchema = targetSchema
    self.tables = tables
    self.repairs = repairs
    self.limit = limit
    self.showsValues = showsValues
    self.rowsPerSecond = rowsPerSecond
    self.maxTransactionSeconds = maxTransactionSeconds
    self.resumes = resumes
    self.lockPatience = lockPatience
  }
}
