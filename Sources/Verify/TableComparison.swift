import Apply
import Conversion
import Model
import Postgres
import SQLite
import Schema

/// Compares one table in two snapshots that show the same state: a read transaction of the source and a REPEATABLE READ
/// transaction of the target, both of which the caller opens and ends.
///
/// The target hashes its rows itself; only counts and sums travel. What differs is narrowed down to rows and columns.
package struct TableComparison: Sendable {
  let table: SourceTable
  let plan: TablePlan
  let schema: String
  let refusals: Refusals?
  let settings: ComparisonSettings

  /// - Parameters:
  ///   - schema: the target's schema.
  ///   - refusals: where to look up whether a row that differs is known to be refused.
  /// - Throws: `Failure` where the plan names a zone or a pattern that there is not.
  package init(
    _ table: SourceTable, _ plan: TablePlan, schema: String, refusals: Refusals?,
    settings: ComparisonSettings = ComparisonSettings()
  ) throws(Failure) {
    self.table = table
    self.plan = plan
    self.schema = schema
    self.refusals = refusals
    self.settings = settings
    for column in plan.columns { _ = try ColumnCodec(column) }
  }

  /// Compares the table from the cursor on, to its end or to the first pause after the deadline; at least one chunk.
  ///
  /// Waits, for the pace or for the server, end with the target connection's stop signal. In the target's transaction
  /// JIT and parallel workers are switched off (`SET LOCAL`). After an error the target's transaction may be a failed one.
  /// - Parameters:
  ///   - cursor: where an earlier run paused; its differences are that run's.
  ///   - check: called about once a chunk; what it throws ends the run.
  package func run(
    after cursor: [Value]? = nil, until deadline: ContinuousClock.Instant? = nil,
    source: borrowing Database, target: inout Connection,
    check: () throws -> Void = {}
  ) throws -> Comparison {
    let compared = try ComparedTable(self, source, on: &target)
    let encoding = try source.string("PRAGMA encoding") ?? ""
    if KeyOrder.isShared(table, plan, encoding: encoding) {
      var walk = try OrderedWalk(compared, after: cursor)
      return try walk.run(until: deadline, source: source, target: &target, check: check)
    }
    var walk = try HashedWalk(compared, after: cursor)
    return try walk.run(until: deadline, source: source, target: &target, check: check)
  }

  /// Compares the rows of these keys only (images of the source, as in `Difference.key`). A key that neither store has is
  /// equal.
  package func compare(
    keys: [[Value]], source: borrowing Database, target: inout Connection
  ) throws -> Comparison {
    let compared = try ComparedTable(self, source, on: &target)
    var found: [Found] = []
    var findings = Findings(compared)
    var lookup = try KeyLookup(compared, withValues: false, source: source)
    var sourceRows: Int64 = 0
    var targetRows: Int64 = 0
    try lookup.forEach(keys, target: &target) { number, sides in
      if sides.source != nil { sourceRows += 1 }
      if sides.target != nil { targetRows += 1 }
      switch (sides.source, sides.target) {
      case (nil, nil): break
      case (_?, nil): found.append(Found(kind: .missing, key: keys[number]))
      case (nil, _?): found.append(Found(kind: .extra, key: keys[number]))
      case (_?, _?):
        if compared.columnsThatDiffer(sides).columns.isEmpty { break }
        found.append(Found(kind: .different, key: keys[number]))
      }
    }
    try findings.note(found, source: source, target: &target)
    findings.comparison.sourceRows = sourceRows
    findings.comparison.targetRows = targetRows
    return findings.comparison
  }
}
