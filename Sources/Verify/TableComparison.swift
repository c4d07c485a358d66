import Apply
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
  let settings: ComparisonSettings

  /// - Parameters:
  ///   - schema: the target's schema.
  ///   - quarantine: where to look up whether a row that differs is known to be refused.
  /// - Throws: `Failure` where the plan names a zone or a pattern that there is not.
  package init(
    _ table: SourceTable, _ plan: TablePlan, schema: String, quarantine: Quarantine?,
    settings: ComparisonSettings = ComparisonSettings()
  ) throws(Failure) {
    self.table = table
    self.plan = plan
    self.settings = settings
  }

  /// Compares the table from the cursor on, to its end or to the first pause after the deadline; at least one chunk.
  ///
  /// Waits, for the pace or for the server, end with the target connection's stop signal. In the target's transaction
  /// JIT and parallel workers are switched off (`SET LOCAL`).
  /// - Parameters:
  ///   - cursor: where an earlier run paused; its differences are that run's.
  ///   - report: called about once a chunk; what it throws ends the run.
  package func run(
    after cursor: [Value]? = nil, until deadline: ContinuousClock.Instant? = nil,
    source: borrowing Database, target: inout Connection,
    report: (ComparisonProgress) throws -> Void = { _ in }
  ) throws -> Comparison {
    throw Failure(.internalError, "the comparison is still being built", remedy: "")
  }

  /// Compares the rows of these keys only (images of the source, as in `Difference.key`).
  package func compare(
    keys: [[Value]], source: borrowing Database, target: inout Connection
  ) throws -> Comparison {
    throw Failure(.internalError, "the comparison is still being built", remedy: "")
  }
}
