import Capture
import Model
import Postgres
import SQLite
import Schema

/// A table made ready for one run: its statements, its codecs, and what the server's hashes are.
struct ComparedTable: Sendable {
  let table: SourceTable
  let plan: TablePlan
  let settings: ComparisonSettings
  let reader: ChunkReader
  let queries: TargetQueries
  let lookup3: Lookup3
  let seed: UInt64
  /// Nil where no row of the table is known to be refused.
  let refusals: Refusals?
  let keyFields: KeyFields

  init(
    _ comparison: TableComparison, _ source: borrowing Database, on target: inout Connection
  ) throws {
    // Chunks are too short for the first two, and the server has other work. The others are what a type's text depends on.
    try target.execute(
      """
      SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL extra_float_digits = 1; \
      SET LOCAL bytea_output = hex; SET LOCAL IntervalStyle = postgres
      """)
    table = comparison.table
    plan = comparison.plan
    settings = comparison.settings
    reader = ChunkReader(table)
    seed = UInt64.random(in: 1 ... .max)
    queries = TargetQueries(comparison, seed: seed)
    keyFields = try KeyFields(plan)
    lookup3 = try Self.lookup3(of: &target)
    refusals = try comparison.refusals?.holds(rowsOf: table.id, source, &target) == true ? comparison.refusals : nil
  }

  private static func lookup3(of target: inout Connection) throws -> Lookup3 {
    let answer = try target.query(TargetQueries.probe).int64(0, 0)
    for order in Lookup3.ByteOrder.allCases {
      let lookup3 = Lookup3(order: order)
      var hash = RowHash()
      Array(UInt8(1)...15).withUnsafeBytes { hash.add(lookup3.hash($0, seed: 42)) }
      hash.add(0)
      hash.add([UInt8]().withUnsafeBytes { lookup3.hash($0, seed: 42) })
      if hash.finished == answer { return lookup3 }
    }
    throw Failure(
      .unreachable, "the target does not hash as PostgreSQL 13 to 18 do, so the stores cannot be compared",
      remedy: "use a server of these versions")
  }

  func hasher() throws(Failure) -> RowHasher { try RowHasher(plan, queries.fields, lookup3, seed: seed) }

  /// The border that a row of the source stands on; nil where its key does not fit.
  func bound(_ key: [Value]) -> KeyBound? { keyFields.fields(of: key).map { KeyBound(key: key, fields: $0) } }

  /// The source's key of what stands on the target; nil where it has no such value.
  func image(_ fields: [[UInt8]]) -> [Value]? {
    keyFields.image(of: fields) { position in
      position < table.columns.count ? table.columns[position].affinity : .integer
    }
  }
}
