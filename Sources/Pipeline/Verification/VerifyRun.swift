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
  /// What this process compared, and since when.
  private var rows: Int64 = 0
  private let began = ContinuousClock.now

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
    // An earlier run may have compared everything.
    if last == nil { last = try stores.step { snapshot, _, _ in snapshot } }
    if job.options.repairs { for place in tables.indices { try repairAll(place) } }
    stores.close()
    // What follows may fail after hours of comparing: --resume then begins with it.
    if began.duration(to: .now) > .seconds(Self.saveSeconds) { try save(always: true) }
    let checks = try check()
    let report = VerifyReport(
      startedAt: startedAt, finishedAt: job.clock.now, position: last?.position, isFull: job.options.tables.isEmpty,
      direction: job.direction, tables: tables, checks: checks,
      notCompared: job.options.tables.isEmpty ? last?.notCompared ?? [] : [], snapshots: stores.snapshots,
      wasRepair: job.options.repairs,
      limit: job.options.limit)
    if let record = report.record {
      let job = job
      try stores.withTarget { try record.store(of: job.source, job.catalogue, &$0) }
    }
    AtomicFile.remove(job.path)
    return report
  }

  private mutating func resume() {
    let earlier = VerifyProgress.read(job.path, source: job.source, tables: job.options.tables, job.direction)
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
      source: job.source, tables: job.options.tables, startedAt: startedAt, compared: tables,
      direction: job.direction)
    try progress.write(to: job.path)
    savedAt = .now
  }

  // MARK: Rows

  private mutating func compare(_ place: Int) throws {
    let job = job
    let watch = LockWatch(job, stores.target, schema: job.schema)
    var shape: TwinSnapshot.Shape?
    while !tables[place].isFinished, tables[place].problem == nil {
      var table = tables[place]
      do {
        last = try stores.step { snapshot, database, connection throws in
          let now: TwinSnapshot.Shape
          switch snapshot.shape(of: table.id) {
          case .success(let found): now = found
          case .failure(let obstacle):
            table.problem = obstacle.reason
            return snapshot
          }
          // The schema moved on: what was compared is of the table as it was.
          if shape != nil, shape != now { table.restart(listing: job.options.limit) }
          shape = now
          table.notCompared = now.notCompared
          let comparison = try job.comparison(now, in: snapshot)
          let part = try comparison.run(
            after: table.cursor, until: job.deadline(of: comparison, in: snapshot, database), source: database,
            target: &connection
          ) { try watch.check() }
          table.add(part, limit: job.keptDifferences)
          return snapshot
        }
      } catch is LockWatch.InTheWay {
        // The step ended its snapshot; the next one comes once the other had its turn.
        continue
      } catch let error as PostgresError where Self.isOfTheTable(error) {
        table.problem = "the table on the target is not as it was made: \(error.description)"
      }
      rows += table.sourceRows - tables[place].sourceRows
      tables[place] = table
      job.report(
        .comparing(
          table: table.name, rows: tables.reduce(0) { $0 + $1.sourceRows }, expected: expected,
          differences: tables.reduce(0) { $0 + $1.total }))
      try save()
      pace()
    }
    job.report(.compared(table: tables[place].name, rows: tables[place].sourceRows, differences: tables[place].total))
  }

  /// Waits where this run is ahead of its rate, without snapshots where the wait is long.
  private mutating func pace() {
    guard let rate = job.options.rowsPerSecond else { return }
    let left = ContinuousClock.now.duration(to: began + .seconds(Double(rows) / rate))
    guard left > .zero else { return }
    if left > .seconds(1) { stores.close() }
    job.stop.wait(milliseconds: Int(left.wholeMilliseconds))
  }

  /// About how many rows there are in all.
  private var expected: Int64 {
    tables.reduce(0) { $0 + ($1.isFinished ? $1.sourceRows : max(job.expected[$1.id] ?? 0, $1.sourceRows)) }
  }

  /// Somebody altered the table: a column or the table itself is not what the plan says.
  private static func isOfTheTable(_ error: PostgresError) -> Bool { error.sqlState?.hasPrefix("42") ?? false }

  // MARK: Repair

  /// Where more rows differ than are listed, the table is compared again for the others, for as long as that helps.
  private mutating func repairAll(_ place: Int) throws {
    while tables[place].differences.contains(where: \.isRepairable) {
      let hasMore = tables[place].unlisted > 0
      let before = tables[place].repaired
      try repair(place)
      guard hasMore, tables[place].problem == nil, tables[place].repaired > before else { return }
      tables[place].restart(listing: job.options.limit)
      try compare(place)
    }
  }

  /// Logs the differing keys as changes, so that the stream brings the rows as they are, and compares these once more.
  private mutating func repair(_ place: Int) throws {
    let job = job
    var table = tables[place]
    let wanted = table.differences.indices.filter { table.differences[$0].isRepairable }
    // The next snapshot has applied what is logged before it.
    stores.close()
    try log(wanted.map { table.differences[$0].key }, of: table.id)
    FaultPoint.reach("verify-logged")
    var still: [[Value]: VerifyDifference] = [:]
    for start in stride(from: 0, to: wanted.count, by: Self.keysAtOnce) {
      let keys = wanted[start..<min(start + Self.keysAtOnce, wanted.count)].map { table.differences[$0].key }
      last = try stores.step { snapshot, database, connection throws in
        let shape: TwinSnapshot.Shape
        switch snapshot.shape(of: table.id) {
        case .success(let found): shape = found
        case .failure(let obstacle):
          table.problem = obstacle.reason
          return snapshot
        }
        let again = try job.comparison(shape, in: snapshot).compare(
          keys: keys, source: database, target: &connection)
        for difference in again.differences { still[difference.key] = VerifyDifference(difference) }
        return snapshot
      }
    }
    if table.problem == nil {
      for index in wanted { table.settle(index, still[table.differences[index].key], job.direction) }
    }
    tables[place] = table
    try save(always: true)
  }

  /// Where the authority's rows are the ones that come: in the store that the application writes.
  private mutating func log(_ keys: [[Value]], of table: TableID) throws {
    let job = job
    func tell(_ done: Int) { job.report(.repairing(done: done, of: keys.count)) }
    guard job.direction == .reverse else {
      return try RepairLog(path: job.options.source, source: job.source, stop: job.stop).log(
        keys, of: table, report: tell)
    }
    let plan = last?.record.plan.tables.first { $0.id == table }
    guard let plan else { return }
    let log = ReverseRepairLog(source: job.source, catalogue: job.catalogue, stop: job.stop)
    try stores.withTarget { try log.log(keys, of: plan, &$0, report: tell) }
  }

  // MARK: What belongs to the rows

  private mutating func check() throws -> [VerifyCheck] {
    job.report(.checking("keys, indexes, constraints and sequences"))
    let job = job
    // What somebody altered after the switch is named there already, and is not the plan's any more.
    let wanted = Set(tables.map(\.id)).subtracting(last?.altered ?? [])
    let sources = last?.installation.tables ?? []
    let others = try stores.withTarget { connection throws -> [VerifyCheck] in
      guard let record = try SourceRecord.read(job.source, job.catalogue, &connection) else { return [] }
      return try StructureChecks(record, sources, only: wanted).run(&connection)
    }
    return [RowCountCheck.check(tables, job.direction)] + others
  }
}
