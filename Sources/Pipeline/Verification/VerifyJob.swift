import Apply
import Model
import SQLite
import Schema
import Verify

/// What one run of verify has to do, and with what.
struct VerifyJob: Sendable {
  /// Without a write-ahead log writers wait for as long as a chunk takes.
  private static let chunkRowsWithoutWAL = 4_096

  let options: VerifyOptions
  /// Where an interrupted run goes on.
  let path: String
  let source: RandomID
  let catalogue: TargetCatalogue
  let direction: Direction
  /// Where the tables stand.
  let schema: String
  let stop: StopSignal
  let clock: any WallClock
  let report: @Sendable (VerifyEvent) -> Void
  /// About how many rows each table has.
  let expected: [TableID: Int64]

  var keptDifferences: Int { options.repairs ? max(options.limit, options.repairsAtOnce) : options.limit }

  func comparison(_ shape: TwinSnapshot.Shape, in snapshot: TwinSnapshot) throws -> TableComparison {
    var settings = ComparisonSettings()
    settings.limit = keptDifferences
    settings.showsValues = options.showsValues
    settings.rowsPerSecond = options.rowsPerSecond
    if let rate = options.rowsPerSecond {
      // A chunk that takes long at this pace would keep its snapshot for as long.
      settings.chunkRows = min(settings.chunkRows, max(Int(rate / 4), settings.partRows))
    }
    settings.leavesOutChildren = shape.leavesOutChildren
    if !snapshot.isWAL {
      settings.chunkRows = Self.chunkRowsWithoutWAL
      settings.rowsPerSecond = nil
    }
    return try TableComparison(
      shape.source, shape.plan, schema: shape.schema,
      refusals: direction == .forward ? .byTarget(Quarantine(catalogue, source)) : .bySource, settings: settings)
  }

  /// When a run in the snapshot is to pause.
  func deadline(
    of comparison: borrowing TableComparison, in snapshot: TwinSnapshot, _ source: borrowing Database
  ) throws -> ContinuousClock.Instant {
    if try comparison.walksInOrder(source) { return ComparedStores.end(of: snapshot) }
    // Without a write-ahead log writers wait for the scan; a shorter one would have to be made again and again.
    return snapshot.isWAL ? snapshot.end : .now + .seconds(options.maxTransactionSeconds)
  }
}
