import Apply
import Capture
import Model
import Postgres
import SQLite
import Schema
import Verify

/// One run of verify from its first table to its report.
struct VerifyRun: ~Copyable {
  private static let saveSeconds = 1.0
  /// Keys compared once more at a time.
  private static let keysAtOnce = 1_000

  private let job: VerifyJob
  private var tables: [VerifyTable]
  private var stores: ComparedStores
  private var startedAt: Instant
  /// The newest snapshot that rows were compared in.
  private var last: TwinSnapshot?
  private var savedAt = ContinuousClock.now

  init(_ job: VerifyJob, _ tables: [VerifyTable], in stores: consuming ComparedStores) {
    self.job = job
    self.tables = tables
    self.stores = stores
    startedAt = job.clock.now
  }

  mutating func run() throws -> VerifyReport {
    resume()
    for place in tables.indices where !tables[place].isFinished && tables[place].problem == nil {
      try compare(place)
    }
    if job.options.repairs { try repair() }
    stores.close()
    let checks = try check()
    let report = VerifyReport(
      startedAt: startedAt, finishedAt: job.clock.now, position: last?.position, isFull: job.options.tables.isEmpty,
      tables: tables, checks: checks, snapshots: stores.snapshots, wasRepair: job.options.repairs,
      limit: job.options.limit)
    if let record = report.record {
      let job = job
      try stores.withTarget { try record.store(of: job.source, job.catalogue, &$0) }
    }
    AtomicFile.remove(job.path)
    return report
  }

  private mutating func resume() {
    let earlier = VerifyProgress.read(job.path, source: job.source, tables: job.options.tables)
    guard job.options.resumes else {
      if earlier != nil {
        job.report(.note("an earlier run was interrupted; this one begins anew (--resume would go on with it)"))
      }
      return
    }
    guard let earlier, earlier.compared.map(\.id) == tables.map(\.id) else {
      return job.report(.note("no interrupted run of these tables: beginning anew"))
    }
    tables = earlier.compared
    startedAt = earlier.startedAt
    job.report(.note("going on after \(tables.reduce(0) { $0 + $1.sourceRows }) rows"))
  }

  /// Notes how far it is, once in a while.
  private mutating func save(always: Bool = false) throws {
    guard always || savedAt.duration(to: .now) > .seconds(Self.saveSeconds) else { return }
    let progress = VerifyProgress(
      source: job.source, tables: job.options.tables, startedAt: startedAt, compared: tables)
    try progress.write(to: job.path)
    savedAt = .now
  }

  // MARK: Rows

  private mutating func compare(_ place: Int) throws {
    let job = job
    var shape: TwinSnapshot.Shape?
    while !tables[place].isFinished, tables[place].problem == nil {
      var table = tables[place]
      do {
        last = try stores.step { snapshot, database, connection throws in
          guard let now = snapshot.shape(of: table.id) else {
            table.problem = "the table does not move any more"
            return snapshot
          }
          // The schema moved on: what was compared is of the table as it was.
          if shape != nil, shape != now { table.restart() }
          shape = now
          let part = try job.comparison(now, in: snapshot).run(
            after: table.cursor, until: ComparedStores.end(of: snapshot), source: database, target: &connection
          ) { _ in try job.stop.check() }
          table.add(part, limit: job.keptDifferences)
          return snapshot
        }
      } catch let error as PostgresError where Self.isOfTheTable(error) {
        table.problem = "the table on the target is not as it was made: \(error.description)"
      }
      tables[place] = table
      job.report(
        .comparing(
          table: table.name, rows: tables.reduce(0) { $0 + $1.sourceRows }, expected: expected,
          differences: tables.reduce(0) { $0 + $1.total }))
      try save()
    }
    job.report(.compared(table: tables[place].name, rows: tables[place].sourceRows, differences: tables[place].total))
  }

  /// About how many rows there are in all.
  private var expected: Int64 {
    tables.reduce(0) { $0 + ($1.isFinished ? $1.sourceRows : max(job.expected[$1.id] ?? 0, $1.sourceRows)) }
  }

  /// Somebody altered the table: a column or the table itself is not what the plan says.
  private static func isOfTheTable(_ error: PostgresError) -> Bool { error.sqlState?.hasPrefix("42") ?? false }

  // MARK: Repair

  private mutating func repair() throws {
    for place in tables.indices where tables[place].differences.contains(where: \.isRepairable) {
      try repair(place)
    }
  }

  /// Logs the differing keys as changes, so that the stream brings the rows as they are, and compares these once more.
  private mutating func repair(_ place: Int) throws {
    let job = job
    var table = tables[place]
    let wanted = table.differences.indices.filter { table.differences[$0].isRepairable }
    // The next snapshot has applied what is logged before it.
    stores.close()
    try RepairLog(path: job.options.source, source: job.source, stop: job.stop).log(
      wanted.map { table.differences[$0].key }, of: table.id
    ) { job.report(.repairing(done: $0, of: wanted.count)) }
    FaultPoint.reach("verify-logged")
    var still: [[Value]: VerifyDifference] = [:]
    for start in stride(from: 0, to: wanted.count, by: Self.keysAtOnce) {
      let keys = wanted[start..<min(start + Self.keysAtOnce, wanted.count)].map { table.differences[$0].key }
      last = try stores.step { snapshot, database, connection throws in
        guard let shape = snapshot.shape(of: table.id) else {
          table.problem = "the table does not move any more"
          return snapshot
        }
        let again = try job.comparison(shape, in: snapshot).compare(
          keys: keys, source: database, target: &connection)
        for difference in again.differences { still[difference.key] = VerifyDifference(difference) }
        return snapshot
      }
    }
    if table.problem == nil {
      for index in wanted { table.settle(index, still[table.differences[index].key]) }
    }
    tables[place] = table
    try save(always: true)
  }

  // MARK: What belongs to the rows

  private mutating func check() throws -> [VerifyCheck] {
    job.report(.checking("keys, indexes, constraints and sequences"))
    let job = job
    let wanted = Set(tables.map(\.id))
    let sources = last?.installation.tables ?? []
    let others = try stores.withTarget { connection throws -> [VerifyCheck] in
      guard let record = try SourceRecord.read(job.source, job.catalogue, &connection) else { return [] }
      return try StructureChecks(record, sources, only: wanted).run(&connection)
    }
    return [RowCountCheck.check(tables)] + others
  }
}
