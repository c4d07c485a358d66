import Model
import Postgres
import SQLite

/// From chunks that differ to their rows.
extension OrderedWalk {
  /// Takes the answer to the chunk that was sent last.
  mutating func settle(_ chunk: SourceChunk, source: borrowing Database, target: inout Connection) throws {
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
    var showsZeros: Bool
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
    let doubtful = rows.filter { $0.isSame == true && $0.showsZeros }.map(\.key)
    let others = try compared.differing(among: doubtful, source: source, target: &target)
    try findings.note(others, source: source, target: &target)
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
          key: compared.reader.key(of: statement), hash: row.hash, isFlawed: row.isMisfit || row.isLossy,
          showsZeros: row.showsZeros))
    }
    return (rows, places)
  }
}

extension ComparedTable {
  /// A row of the target that the source does not have, by its key's fields.
  func extra(_ fields: [[UInt8]], _ target: inout Connection) throws -> Found {
    if let key = image(fields) { return Found(kind: .extra, key: key, fields: fields) }
    let query = queries.keyTexts(fields)
    let result = try target.query(query.sql, query.parameters)
    let texts = try fields.indices.map { try result.stringOrNil(0, $0).map { Value.text($0) } ?? .null }
    return Found(kind: .extra, key: texts, isKeyOfTarget: true, fields: fields)
  }
}
