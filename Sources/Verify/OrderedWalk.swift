import Model
import Postgres
import SQLite

/// Walks a table in both stores in key order. The target sums a chunk while the source's next one is read here.
struct OrderedWalk: ~Copyable {
  let compared: ComparedTable
  private var hasher: RowHasher
  var findings: Findings
  private var pace: Pace
  /// Where the next chunk begins.
  private var lower: KeyBound?

  /// A chunk ends early at so many bytes of rows, or after so long.
  private static let chunkBytes = 64 << 20
  private static let chunkTime = Duration.milliseconds(500)
  /// How often the clock and the stop signal are looked at, in rows.
  private static let look = 1_024
  /// Rows that the target sends at a time, of a part that differs.
  static let page = 4_096

  init(_ compared: ComparedTable, after cursor: [Value]?) throws {
    let lower = cursor.flatMap { compared.bound($0) }
    if cursor != nil, lower == nil {
      throw Failure(
        .badData, "the place where verify paused in '\(compared.table.name)' is no key of it any more",
        remedy: "begin it anew")
    }
    let hasher = try compared.hasher()
    self.lower = lower
    self.compared = compared
    self.hasher = hasher
    findings = Findings(compared)
    pace = Pace(compared.settings.rowsPerSecond)
  }

  mutating func run(
    until deadline: ContinuousClock.Instant?, source: borrowing Database, target: inout Connection,
    check: () throws -> Void
  ) throws -> Comparison {
    do {
      return try walk(until: deadline, source: source, target: &target, check: check)
    } catch {
      target.abandon()
      throw error
    }
  }

  private mutating func walk(
    until deadline: ContinuousClock.Instant?, source: borrowing Database, target: inout Connection,
    check: () throws -> Void
  ) throws -> Comparison {
    let statement = try compared.reader.walk(after: lower?.key, in: source)
    var pending: SourceChunk?
    while true {
      let chunk = try read(statement, stop: target.stop)
      if let pending { try settle(pending, source: source, target: &target) }
      let query = compared.queries.sums(chunk.range)
      try target.send(query.sql, query.parameters)
      pending = chunk
      lower = chunk.range.upper
      let isLate = deadline.map { $0 <= .now } ?? false
      if chunk.isLast || isLate { try settle(chunk, source: source, target: &target) }
      try check()
      if chunk.isLast || isLate {
        findings.comparison.end = chunk.isLast ? .finished : .paused(chunk.range.upper?.key ?? [])
        findings.comparison.stripped = hasher.stripped
        findings.comparison.emptied = hasher.emptied
        return findings.comparison
      }
      if target.stop.wait(milliseconds: pace.wait(after: Int64(chunk.rows))) { throw PostgresError.stopped }
    }
  }

  // MARK: The source's side

  /// Reads the next chunk. It ends with a row whose key fits, or with the table.
  private mutating func read(_ statement: borrowing Statement, stop: StopSignal) throws -> SourceChunk {
    let started = ContinuousClock.now
    let most = pace.portion(of: compared.settings.chunkRows)
    var chunk = SourceChunk()
    var part = SourceChunk.Part(range: KeyRange(lower: lower))
    var rows = 0
    var bytes = 0
    var isFull = false
    while try statement.step() {
      let row = hasher.read(statement)
      rows += 1
      bytes += hasher.byteCount
      part.rows += 1
      if row.isMisfit { part.isFlawed = true } else { part.sum.add(row.hash) }
      if row.isLossy || row.showsZeros { part.isFlawed = true }
      if rows % Self.look == 0 {
        try stop.check()
        isFull = started.duration(to: .now) > Self.chunkTime
      }
      isFull = isFull || rows >= most || bytes > Self.chunkBytes
      guard row.hasKey, isFull || part.rows >= compared.settings.partRows else { continue }
      let bound = KeyBound(key: compared.reader.key(of: statement), fields: hasher.keyFields)
      part.range.upper = bound
      chunk.parts.append(part)
      if isFull { return chunk }
      part = SourceChunk.Part(range: KeyRange(lower: bound))
    }
    chunk.parts.append(part)
    chunk.isLast = true
    return chunk
  }
}
