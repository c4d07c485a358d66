import FoundationEssentials
import Journal
import Model
import Postgres

/// What one verify found, as it is kept on the target.
package struct VerifyRecord: Sendable, Hashable {
  /// A table's share of it.
  package struct Table: Sendable, Hashable, Codable {
    package var name: String
    package var sourceRows: Int64
    package var targetRows: Int64
    package var differences: Int64

    package init(name: String, sourceRows: Int64, targetRows: Int64, differences: Int64) {
      self.name = name
      self.sourceRows = sourceRows
      self.targetRows = targetRows
      self.differences = differences
    }
  }

  /// Runs of a source that are kept.
  private static let keptRuns = 100

  package var startedAt: Instant
  package var finishedAt: Instant
  /// Where both stores stood when the last rows were compared.
  package var position: Position
  /// Which store followed the other.
  package var direction: Direction
  /// Every table that moves was compared, all of its rows.
  package var isFull: Bool
  /// No row differs, apart from those that somebody gave up.
  package var isEqual: Bool
  package var differences: Int64
  package var repaired: Int64
  package var failedChecks: [String]
  package var tables: [Table]
  /// Seconds since its end by the server's clock.
  package private(set) var age: Double = 0

  package init(
    startedAt: Instant, finishedAt: Instant, position: Position, direction: Direction, isFull: Bool, isEqual: Bool,
    differences: Int64, repaired: Int64, failedChecks: [String], tables: [Table]
  ) {
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.position = position
    self.direction = direction
    self.isFull = isFull
    self.isEqual = isEqual
    self.differences = differences
    self.repaired = repaired
    self.failedChecks = failedChecks
    self.tables = tables
  }

  /// Keeps it, and of the earlier runs of this source the newest ones.
  package func store(
    of source: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws {
    try catalogue.complete(&connection)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(double: max(finishedAt.seconds(since: startedAt), 0))
    parameters.append(int64: position.group.rawValue)
    parameters.append(int64: position.sequence.rawValue)
    parameters.append(int64: position.nonce)
    parameters.append(bool: isFull)
    parameters.append(bool: isEqual)
    parameters.append(int64: differences)
    parameters.append(int64: repaired)
    parameters.append(text: String(decoding: try encoder.encode(failedChecks), as: UTF8.self))
    parameters.append(text: String(decoding: try encoder.encode(tables), as: UTF8.self))
    parameters.append(bool: direction == .reverse)
    // By the server's clock, which tells the age to everybody alike.
    _ = try connection.query(
      """
      WITH old AS (
        DELETE FROM \(catalogue.verification) WHERE source = $1 AND finished_at <= (
          SELECT finished_at FROM \(catalogue.verification) WHERE source = $1
          ORDER BY finished_at DESC OFFSET \(Self.keptRuns - 1) LIMIT 1)
      )
      INSERT INTO \(catalogue.verification) (source, finished_at, started_at, applied_group, applied_sequence,
        applied_nonce, is_full, is_equal, differences, repaired, failed_checks, tables, is_reverse)
      SELECT $1, t, t - make_interval(secs => $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
      FROM (SELECT clock_timestamp() AS t) AS now
      """, parameters)
  }

  /// The newest run over all tables, and any newer one that found some tables to differ.
  package struct Latest: Sendable, Hashable {
    package var full: VerifyRecord?
    /// A newer run over some of the tables, where it found differences.
    package var warning: VerifyRecord?
    /// The newest of all.
    package var any: VerifyRecord?

    package init() {}
  }

  package static func latest(
    of source: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> Latest {
    guard try catalogue.holdsVerifications(&connection) else { return Latest() }
    var latest = Latest()
    latest.any = try read("true", of: source, catalogue, &connection)
    latest.full = try read("is_full", of: source, catalogue, &connection)
    latest.warning = try read(
      """
      NOT is_full AND NOT is_equal AND finished_at > coalesce(
        (SELECT max(finished_at) FROM \(catalogue.verification) WHERE source = $1 AND is_full), '-infinity')
      """, of: source, catalogue, &connection)
    return latest
  }

  private static func read(
    _ condition: String, of source: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> VerifyRecord? {
    var parameters = Parameters()
    parameters.append(uuid: source)
    let result = try connection.query(
      """
      SELECT started_at, finished_at, applied_group, applied_sequence, applied_nonce, is_full, is_equal, differences,
        repaired, failed_checks, tables, extract(epoch FROM clock_timestamp() - finished_at)::float8, is_reverse
      FROM \(catalogue.verification) WHERE source = $1 AND \(condition) ORDER BY finished_at DESC LIMIT 1
      """, parameters)
    guard result.rowCount == 1 else { return nil }
    let decoder = JSONDecoder()
    var record = VerifyRecord(
      startedAt: try result.instant(0, 0), finishedAt: try result.instant(0, 1),
      position: Position(
        group: GroupNumber(try result.int64(0, 2)), sequence: ChangeNumber(try result.int64(0, 3)),
        nonce: try result.int64(0, 4)), direction: try result.bool(0, 12) ? .reverse : .forward,
      isFull: try result.bool(0, 5), isEqual: try result.bool(0, 6), differences: try result.int64(0, 7),
      repaired: try result.int64(0, 8),
      failedChecks: try decoder.decode([String].self, from: Data(result.string(0, 9).utf8)),
      tables: try decoder.decode([Table].self, from: Data(result.string(0, 10).utf8)))
    record.age = max(try result.double(0, 11), 0)
    return record
  }
}

extension VerifyRecord {
  package var json: JSON {
    .object([
      ("equal", .bool(isEqual)), ("full", .bool(isFull)), ("direction", .string(direction.name)),
      ("finished_at", .string(finishedAt.text)),
      ("seconds_ago", .number((age * 1_000).rounded() / 1_000)),
      (
        "position",
        .object([("group", .integer(position.group.rawValue)), ("sequence", .integer(position.sequence.rawValue))])
      ), ("rows", .integer(tables.reduce(0) { $0 + $1.sourceRows })), ("differences", .integer(differences)),
      ("repaired", .integer(repaired)), ("failed_checks", .array(failedChecks.map { .string($0) })),
    ])
  }
}
