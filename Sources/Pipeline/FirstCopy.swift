import Apply
import Capture
import Model
import Postgres
import SQLite
import Schema
import Synchronization

/// The first copy of all tables, several at a time, each worker on connections of its own. Resumes where it was.
struct FirstCopy: Sendable {
  let sourcePath: String
  let target: ConnectionTarget
  let catalogue: TargetCatalogue
  let installation: SourceInstallation
  let record: SourceRecord
  /// Where the types are a draft.
  let proof: PlanProof?
  let jobs: Int
  let stop: StopSignal
  let report: Report

  /// Copies what is not copied yet. Throws `Disproved` where a value does not fit a draft.
  func run(_ progress: [CopyProgress]) throws {
    let open = progress.filter { $0.step != .done }.sorted { $0.expected > $1.expected }
    guard !open.isEmpty else { return }
    let board = CopyBoard(progress, report)
    let queue = JobQueue(open)
    try Crew.run(min(jobs, open.count)) { [self] abort in try work(queue, board, abort) }
    try stop.check()
    board.finish()
  }

  private func work(_ queue: JobQueue<CopyProgress>, _ board: CopyBoard, _ abort: StopSignal) throws {
    let database = try SourceFile.openAgain(sourcePath, stop: stop)
    var connection = try Connection(target, applicationName: "changeover copy", stop: stop, timeoutSeconds: 10)
    FaultPoint.reach("copy-begins")
    while let progress = queue.next() {
      try stop.check()
      try abort.check()
      guard let plan = record.plan.tables.first(where: { $0.id == progress.table }) else { continue }
      var sink = try CopySink(plan, of: record.plan, progress: progress, catalogue, Ownership(record))
      guard let table = installation.tables.first(where: { $0.id == progress.table }) else {
        // Dropped or held by now: it leaves with the group that says so, and those before it may have rows of it.
        try sink.complete(on: &connection)
        continue
      }
      var copier = try TableCopier(table, sink: sink, scan: proof?.scan(of: table.id), stop: stop) { database in
        try watch(table.id, database, abort)
      }
      try copier.run(from: database, to: &connection) { board.copied($0, of: table.id) }
      if let learned = copier.learned() { proof?.take(learned.facts, rows: learned.rows, of: table.id) }
      board.done(table.id)
    }
  }

  /// Waits until the capturing side has taken up what the application did to its schema. Nil where that concerns the table:
  /// all its rows come again with the group that says so.
  private func watch(
    _ table: TableID, _ database: borrowing Database, _ abort: StopSignal
  ) throws -> SchemaWatch? {
    while true {
      try stop.check()
      try abort.check()
      do {
        return try database.whenReadable(stop) { database in
          try database.transaction(.deferred) { database -> SchemaWatch? in
            guard let now = try SourceInstallation.read(database) else { throw SchemaMoved() }
            var watch = try SchemaWatch(installation: now, in: database)
            try watch.check(database)
            return try SourceInstallation.hasSteps(of: table, after: record.applied.sequence, in: database)
              ? nil : watch
          }
        }
      } catch is SchemaMoved {
        stop.wait(milliseconds: Self.glanceMilliseconds)
      }
    }
  }

  private static let glanceMilliseconds = 20
}

/// Adds up what the workers copied and reports it a few times a second.
private final class CopyBoard: Sendable {
  private struct State {
    var rows: [TableID: Int64]
    var done: Set<TableID>
    var reportedAt: ContinuousClock.Instant
  }
  private let state: Mutex<State>
  private let expected: Int64
  private let tables: Int
  private let started = ContinuousClock.now
  private let startRows: Int64
  private let report: Report

  init(_ progress: [CopyProgress], _ report: @escaping Report) {
    expected = progress.reduce(0) { $0 + max($1.expected, $1.rows) }
    tables = progress.count
    self.report = report
    startRows = progress.reduce(0) { $0 + $1.rows }
    state = Mutex(
      State(
        rows: Dictionary(uniqueKeysWithValues: progress.map { ($0.table, $0.rows) }),
        done: Set(progress.filter { $0.step == .done }.map(\.table)), reportedAt: .now))
  }

  func copied(_ rows: Int64, of table: TableID) {
    let counts = state.withLock { state -> CopyCounts? in
      state.rows[table] = rows
      guard state.reportedAt.duration(to: .now) > .milliseconds(100) else { return nil }
      state.reportedAt = .now
      return tally(state)
    }
    if let counts { report(.copying(counts)) }
  }

  func done(_ table: TableID) { state.withLock { _ = $0.done.insert(table) } }

  func finish() {
    let counts = state.withLock { tally($0) }
    report(.copying(counts))
    report(.copied(rows: counts.rows - startRows, seconds: started.duration(to: .now) / .seconds(1)))
  }

  private func tally(_ state: State) -> CopyCounts {
    let rows = state.rows.values.reduce(0, +)
    return CopyCounts(rows: rows, expected: max(expected, rows), tablesDone: state.done.count, tables: tables)
  }
}
