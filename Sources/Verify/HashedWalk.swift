import Model
import Postgres
import SQLite

/// Compares a table whose keys the stores sort differently: by the hashes of its keys, summed in buckets. Each division is
/// one scan of the whole table in both stores; with time enough there is one division.
struct HashedWalk: ~Copyable {
  let compared: ComparedTable
  private var hasher: RowHasher
  var findings: Findings
  private var pace: Pace
  /// Where the next division begins, and how wide it is to be.
  private var next: Int64
  private var width: Int64

  /// Rows of the target that are kept here at a time, 16 bytes each, to find those that differ.
  private static let mostHashes: Int64 = 1_000_000
  /// Rows that are looked up together.
  static let batch = 1_000

  init(_ compared: ComparedTable, after cursor: [Value]?) throws {
    var start: (next: Int64, width: Int64) = (0, Division.end)
    if let cursor {
      guard cursor.count == 2, case .integer(let next) = cursor[0], case .integer(let width) = cursor[1],
        (0..<Division.end).contains(next), (1...Division.end).contains(width)
      else {
        throw Failure(
          .badData, "the place where verify paused in '\(compared.table.name)' cannot be read", remedy: "begin it anew")
      }
      start = (next, width)
    }
    let hasher = try compared.hasher()
    self.compared = compared
    self.hasher = hasher
    findings = Findings(compared)
    pace = Pace(compared.settings.rowsPerSecond)
    (next, width) = start
  }

  mutating func run(
    until deadline: ContinuousClock.Instant?, source: borrowing Database, target: inout Connection,
    check: () throws -> Void
  ) throws -> Comparison {
    do {
      while next < Division.end {
        let division = Division(from: next, width: width)
        if try compare(division, until: deadline, source: source, target: &target, check: check) {
          next = division.end
        } else {
          width = max(division.width / 4, 1)
        }
        if next < Division.end, let deadline, deadline <= .now {
          findings.comparison.end = .paused([.integer(next), .integer(width)])
          break
        }
      }
      return findings.comparison
    } catch {
      target.abandon()
      throw error
    }
  }

  /// Sums of one division by bucket.
  private struct Buckets {
    var sums = Array(repeating: RowSum(), count: Division.buckets)
    /// Buckets with rows that differ whatever the other side says.
    var isFlawed = Array(repeating: false, count: Division.buckets)
    var rows: Int64 = 0
    /// There are rows whose key does not fit, which belong to no bucket.
    var hasUnfitKeys = false
  }

  /// False where the deadline came before the end of the scan: nothing of it counts then.
  private mutating func compare(
    _ division: Division, until deadline: ContinuousClock.Instant?, source: borrowing Database,
    target: inout Connection, check: () throws -> Void
  ) throws -> Bool {
    try target.send(compared.queries.buckets(division), Parameters(capacity: 16))
    let mine = try sums(division, until: division.isLeast ? nil : deadline, source, target.stop, check)
    guard let mine else {
      // A cancelled statement would end the transaction.
      _ = try target.answer()
      return false
    }
    var theirs = Array(repeating: RowSum(), count: Division.buckets)
    let result = try target.answer()
    for row in 0..<result.rowCount {
      let bucket = Int(try result.int64(row, 0))
      guard theirs.indices.contains(bucket),
        let sum = RowSum(rows: try result.int64(row, 1), sum: try result.string(row, 2))
      else { throw PostgresError.unexpectedResult("a sum of hashes is none") }
      theirs[bucket] = sum
      findings.comparison.targetRows += sum.rows
    }
    findings.comparison.sourceRows += mine.rows
    if division.isFirst, mine.hasUnfitKeys { try noteUnfitKeys(source: source, target: &target) }
    var batch: [Int] = []
    var rows: Int64 = 0
    for bucket in theirs.indices where mine.isFlawed[bucket] || mine.sums[bucket] != theirs[bucket] {
      if rows + theirs[bucket].rows > Self.mostHashes, !batch.isEmpty {
        try resolve(division, batch, source: source, target: &target)
        (batch, rows) = ([], 0)
      }
      batch.append(bucket)
      rows += theirs[bucket].rows
    }
    if !batch.isEmpty { try resolve(division, batch, source: source, target: &target) }
    return true
  }

  private mutating func sums(
    _ division: Division, until deadline: ContinuousClock.Instant?, _ source: borrowing Database, _ stop: StopSignal,
    _ check: () throws -> Void
  ) throws -> Buckets? {
    let statement = try compared.reader.scan(source)
    /// How often the clock and the stop signal are looked at, in rows.
    let look = Int64(pace.portion(of: compared.settings.partRows))
    var buckets = Buckets()
    var counted: Int64 = 0
    var scanned: Int64 = 0
    var stripped = hasher.stripped
    var emptied = hasher.emptied
    var mineStripped: Int64 = 0
    var mineEmptied: Int64 = 0
    while try statement.step() {
      let row = hasher.read(statement)
      let isMine: Bool
      if row.hasKey {
        let key = hasher.keyHash
        isMine = division.contains(key)
        if isMine {
          let bucket = Division.bucket(key)
          if row.isMisfit { buckets.isFlawed[bucket] = true } else { buckets.sums[bucket].add(row.hash) }
          if row.isLossy || row.showsZeros { buckets.isFlawed[bucket] = true }
        }
      } else {
        isMine = division.isFirst
        buckets.hasUnfitKeys = true
      }
      if isMine {
        counted += 1
        mineStripped += hasher.stripped - stripped
        mineEmptied += hasher.emptied - emptied
      }
      (stripped, emptied) = (hasher.stripped, hasher.emptied)
      scanned += 1
      if scanned % look == 0 {
        try stop.check()
        if let deadline, deadline <= .now { return nil }
        try check()
        if stop.wait(milliseconds: pace.wait(after: look)) { throw PostgresError.stopped }
      }
    }
    buckets.rows = counted
    findings.comparison.stripped += mineStripped
    findings.comparison.emptied += mineEmptied
    return buckets
  }

  /// Rows whose key does not fit: the target cannot have them.
  private mutating func noteUnfitKeys(source: borrowing Database, target: inout Connection) throws {
    var again = try compared.hasher()
    let statement = try compared.reader.scan(source)
    var found: [Found] = []
    while try statement.step() {
      guard !again.read(statement).hasKey else { continue }
      found.append(Found(kind: .missing, key: compared.reader.key(of: statement)))
      if found.count < Self.batch { continue }
      try findings.note(found, source: source, target: &target)
      found.removeAll()
    }
    try findings.note(found, source: source, target: &target)
  }
}
