import Model

/// What comparing a table, or a part of it, has found so far.
package struct Comparison: Sendable, Equatable {
  package enum End: Sendable, Equatable {
    case finished
    /// Goes on with `run(after:)`, on a later snapshot too.
    case paused([Value])
  }

  package var sourceRows: Int64 = 0
  package var targetRows: Int64 = 0
  /// The first differences, as many as the settings say.
  package var differences: [Difference] = []
  /// All differences, those that are not listed included.
  package var total: Int64 = 0
  /// Of these, rows in the quarantine, and those among them that were discarded.
  package var quarantined: Int64 = 0
  package var discarded: Int64 = 0
  /// Values that arrived without their NUL characters, as the column's settings ask: they count as equal.
  package var stripped: Int64 = 0
  /// Values '' that arrived as NULL, as the column's settings ask: they count as equal.
  package var emptied: Int64 = 0
  package var end: End = .finished

  package init() {}

  package var isEqual: Bool { total == 0 }
  /// Differences that the quarantine does not explain.
  package var unexplained: Int64 { total - quarantined }

  /// Adds what a later part of the table gave.
  package mutating func add(_ other: Comparison, limit: Int) {
    sourceRows += other.sourceRows
    targetRows += other.targetRows
    differences += other.differences.prefix(max(limit - differences.count, 0))
    total += other.total
    quarantined += other.quarantined
    discarded += other.discarded
    stripped += other.stripped
    emptied += other.emptied
    end = other.end
  }
}
