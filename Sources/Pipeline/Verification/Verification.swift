import Apply
import Capture
import Journal
import Model
import Postgres
import SQLite
import Schema
import Verify

/// Compares both stores while they are being written, row by row, in snapshots that show the same state.
package struct Verification {
  let options: VerifyOptions
  let stop: StopSignal
  let clock: any WallClock
  let report: @Sendable (VerifyEvent) -> Void
  /// Names the file in the state directory where an interrupted run goes on.
  let isInBackground: Bool

  package init(
    _ options: VerifyOptions, stop: StopSignal, clock: any WallClock = SystemClock(), isInBackground: Bool = false,
    report: @escaping @Sendable (VerifyEvent) -> Void
  ) {
    self.options = options
    self.stop = stop
    self.clock = clock
    self.isInBackground = isInBackground
    self.report = report
  }

  /// Runs to the end, and keeps the result on the target. Throws `Failure`, or `Stopped` when asked to stop.
  package func run() throws -> VerifyReport {
    do {
      return try runUnexplained()
    } catch let error as SQLiteError {
      if error.isInterrupted { try stop.check() }
      throw error.failure(path: options.source)
    } catch let error as PostgresError {
      if error.isStopped { throw Stopped() }
      throw error.failure(operation: "compare with", subject: options.target.safeDescription)
    } catch let error as JournalError {
      throw error.failure
    }
  }

  private func runUnexplained() throws -> VerifyReport {
    let database = try SourceFile.openAgain(options.source, stop: stop)
    guard let installation = try database.whenReadable(stop, { try SourceInstallation.read($0) }) else {
      throw Failure(
        .configuration, "\(options.source) is not prepared: no changeover sync has run on it",
        remedy: "start one: changeover sync --source \(options.source)")
    }
    guard let state = StateDirectory(existing: options.state), state.id == installation.owner else {
      throw Failure(
        .configuration, "\(options.state) is not the state directory that \(options.source) belongs to",
        remedy: "name the one that changeover sync uses with --state")
    }
    var connection = try connect()
    let schema = try options.targetSchema ?? TargetInstaller.currentSchema(&connection)
    guard let catalogue = try TargetCatalogue.find(&connection, schema: schema),
      let record = try SourceRecord.read(installation.source, catalogue, &connection)
    else {
      throw Failure(
        .configuration, "the target knows nothing of this source",
        remedy: "check --target and --target-schema, or run changeover sync first")
    }
    guard record.phase != .finished else {
      throw Failure(
        .checkFailed, "the move is over (changeover finish): nothing follows that could be compared", remedy: "")
    }
    let wanted = try wanted(record.plan)
    let isBack = record.phase == .switched || record.phase == .switchingBack
    let direction: Direction = isBack ? .reverse : .forward
    let maker = SnapshotMaker(
      source: options.source, state: state, catalogue: catalogue, installationID: installation.source,
      direction: direction,
      maxSeconds: options.maxTransactionSeconds, lockPatience: options.lockPatience, stop: stop, clock: clock,
      waits: { report(.note($0)) })
    let job = VerifyJob(
      options: options, path: state.verifyPath(isInBackground: isInBackground), source: installation.source,
      catalogue: catalogue, direction: direction, schema: record.plan.schema, stop: stop, clock: clock, report: report,
      expected: try Self.expectedRows(record, catalogue, &connection))
    var run = VerifyRun(
      job, wanted, in: ComparedStores(database, connection, maker, warn: { report(.warning($0)) }))
    return try run.run()
  }

  private func connect() throws -> Connection {
    do {
      return try Connection(options.target, applicationName: "changeover verify", stop: stop, timeoutSeconds: 10)
    } catch {
      if error.isStopped { throw Stopped() }
      throw error.failure(operation: "connect to", subject: options.target.safeDescription)
    }
  }

  /// The tables asked for, in the plan's order.
  private func wanted(_ plan: TargetPlan) throws -> [VerifyTable] {
    for name in options.tables where !plan.tables.contains(where: { $0.sourceName == name }) {
      throw Failure(
        .usage, "no table '\(name)' moves", remedy: "name it as SQLite does; changeover status --json lists them")
    }
    return plan.tables.filter { options.tables.isEmpty || options.tables.contains($0.sourceName) }
      .map { VerifyTable(id: $0.id, name: $0.sourceName) }
  }

  /// About how many rows each table has, for the time left: the server's own estimate, or what the copy counted.
  private static func expectedRows(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> [TableID: Int64] {
    var expected: [TableID: Int64] = [:]
    for copy in try CopyProgress.read(record.source, catalogue, &connection) { expected[copy.table] = copy.rows }
    let ddl = DDL(record.plan)
    for table in record.plan.tables {
      var parameters = Parameters()
      parameters.append(text: ddl.name(of: table))
      let result = try connection.query(
        "SELECT reltuples::int8 FROM pg_class WHERE oid = to_regclass($1) AND reltuples > 0", parameters)
      if result.rowCount == 1 { expected[table.id] = try result.int64(0, 0) }
    }
    return expected
  }
}
