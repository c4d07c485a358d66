import Model
import Postgres
import SQLite

/// Walks a table in both stores in key order. The target sums a chunk while the source's next one is read here.
struct OrderedWalk: ~Copyable {
  private let compared: ComparedTable
  private var hasher: RowHasher
  private var findings: Findings
  private var pace: Pace
  /// Where the next chunk begins.
  private var lower: KeyBound?

  /// A chunk ends early at so many bytes of rows, or after so long.
  private static let chunkBytes = 64 << 20
  private static let chunkTime = Duration.milliseconds(500)
  /// How often the clock and the stop signal are looked at, in rows.
  private static let look = 1_024
  /// Rows that the target sends at a time, of a part that differs.
  private static let page = 4_096

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
    report: (ComparisonProgress) throws -> Void
  ) throws -> Comparison {
    do {
      return try walk(until: deadline, source: source, target: &target, report: report)
    } catch {
      target.abandon()
      throw error
    }
  }

  private mutating func walk(
    until deadline: ContinuousClock.Instant?, source: borrowing Database, target: inout Connection,
    report: (ComparisonProgress) throws -> Void
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
      try report(ComparisonProgress(rows: findings.comparison.sourceRows, differences: findings.comparison.total))
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
      if row.isLossy { part.isFlawed = true }
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

  // MARK: What differs

  /// Takes the answer to the chunk that was sent last.
  private mutating func settle(_ chunk: SourceChunk, source: borrowing Database, target: inout Connection) throws {
    let sum = try Self.sum(try target.answer())
    findings.comparison.sourceRows += Int64(chunk.rows)
    findings.comparison.targetRows += sum.rows
    if sum == chunk.sum, !chunk.isFlawed { return }
    for part in try partsThatDiffer(chunk, &target) {
      try narrow(part, source: source, target: &target)
    }
  }

  private static func sum(_ result: borrowing QueryResult) throws -> RowSum {
    guard let sum = RowSum(rows: try result.int64(0, 0), sum: try result.string(0, 1)) else {
      throw PostgresError.unexpectedResult("a sum of hashes is no number")
    }
    return sum
  }

  private func partsThatDiffer(
    _ chunk: SourceChunk, _ target: inout Connection
  ) throws -> [SourceChunk.Part] {
    if chunk.parts.count == 1 { return chunk.parts }
    let results = try target.pipeline { pipeline in
      for part in chunk.parts {
        let query = compared.queries.sums(part.range)
        try pipeline.add(query.sql, query.parameters)
      }
    }
    var parts: [SourceChunk.Part] = []
    for (number, part) in chunk.parts.enumerated() {
      let sum = try Self.sum(results[number])
      if sum != part.sum || part.isFlawed { parts.append(part) }
    }
    return parts
  }

  /// A row of the source, by its key's fields.
  private struct SourceRow {
    var key: [Value]
    var hash: Int64
    /// The target cannot have it as it is, or not give it back.
    var isFlawed: Bool
    /// Nil until the target's row is met.
    var isSame: Bool?
  }

  private mutating func narrow(
    _ part: SourceChunk.Part, source: borrowing Database, target: inout Connection
  ) throws {
    var (rows, places) = try rows(of: part, source)
    var range = part.range
    while true {
      let query = compared.queries.rows(range, limit: Self.page)
      let result = try target.query(query.sql, query.parameters)
      var extras: [Found] = []
      var last: [[UInt8]] = []
      for row in 0..<result.rowCount {
        let fields = try compared.plan.keyPositions.indices.map { try result.bytes(copying: row, $0) }
        last = fields
        if let place = places[fields] {
          rows[place].isSame = try !rows[place].isFlawed && result.int64(row, fields.count) == rows[place].hash
        } else {
          extras.append(try compared.extra(fields, &target))
        }
      }
      try findings.note(extras, source: source, target: &target)
      if result.rowCount < Self.page { break }
      range.lower = KeyBound(key: [], fields: last)
    }
    let found = rows.compactMap { row in
      row.isSame == true ? nil : Found(kind: row.isSame == nil ? .missing : .different, key: row.key)
    }
    try findings.note(found, source: source, target: &target)
  }

  /// The part's rows once more, now one by one.
  private mutating func rows(
    of part: SourceChunk.Part, _ source: borrowing Database
  ) throws -> ([SourceRow], [[[UInt8]]: Int]) {
    var again = try compared.hasher()
    let statement = try compared.reader.walk(after: part.range.lower?.key, limit: part.rows, in: source)
    var rows: [SourceRow] = []
    var places: [[[UInt8]]: Int] = [:]
    while try statement.step() {
      let row = again.read(statement)
      if row.hasKey { places[again.keyFields] = rows.count }
      rows.append(
        SourceRow(
          key: compared.reader.key(of: statement), hash: row.hash, isFlawed: row.isMisfit || row.isLossy))
    }
    return (rows, places)
  }
}

extension ComparedTable {
  /// A row of the target that the source does not have, by its key's fields.
  func extra(_ fields: [[UInt8]], _ target: inout Connection) throws -> Found {
    if let key = image(fields) { return Found(kind: .extra, key: key) }
    let query = queries.keyTexts(fields)
    let result = try target.query(query.sql, query.parameters)
    let texts = try fields.indices.map { try result.stringOrNil(0, $0).map { Value.text($0) } ?? .null }
    return Found(kind: .extra, key: texts, isKeyOfTarget: true)
  }
}
