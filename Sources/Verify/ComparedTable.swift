import Apply
import Capture
import Conversion
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
  /// Nil where no row of the table is there.
  let quarantine: Quarantine?
  private let keyCodecs: [ColumnCodec]

  init(_ comparison: TableComparison, on target: inout Connection) throws {
    // Chunks are too short for either, and the server has other work.
    try target.execute("SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0")
    table = comparison.table
    plan = comparison.plan
    settings = comparison.settings
    reader = ChunkReader(table)
    seed = UInt64.random(in: 1 ... .max)
    queries = TargetQueries(plan, schema: comparison.schema, seed: seed)
    keyCodecs = try plan.keyColumns.map { try ColumnCodec($0) }
    lookup3 = try Self.lookup3(of: &target)
    let quarantine = comparison.quarantine
    self.quarantine = try quarantine?.holdsRows(of: table.id, &target) == true ? quarantine : nil
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
  func bound(_ key: [Value]) -> KeyBound? {
    var fields: [[UInt8]] = []
    var buffer = WireBuffer(capacity: 64)
    for (value, codec) in zip(key, keyCodecs) {
      buffer.removeAll()
      let passage = value.withView { Conversion.prove($0, as: codec, to: &buffer) }
      if case .misfit = passage { return nil }
      if buffer.bytes.loadUnaligned(as: Int32.self) == -1 { return nil }
      fields.append(Array(buffer.bytes.dropFirst(4)))
    }
    return KeyBound(key: key, fields: fields)
  }

  /// The source's key of what stands on the target; nil where it has no such value.
  func image(_ fields: [[UInt8]]) -> [Value]? {
    var key: [Value] = []
    for (field, codec) in zip(fields, keyCodecs) {
      guard let value = Self.image(field, codec) else { return nil }
      key.append(value)
    }
    return key
  }

  private static func image(_ field: [UInt8], _ codec: ColumnCodec) -> Value? {
    let spellings = codec.reading.spelling.map { [$0] } ?? [.integer, .real, .text, .blob]
    var buffer = WireBuffer(capacity: 64)
    for spelling in spellings {
      let value = field.withUnsafeBytes { Conversion.decode($0, as: codec, spelling: spelling) }
      guard let value else { continue }
      buffer.removeAll()
      // It has to be what the source would give the target.
      guard value.withView({ Conversion.append($0, as: codec, to: &buffer) }) == nil,
        buffer.bytes.dropFirst(4).elementsEqual(field)
      else { continue }
      return value
    }
    return nil
  }
}
