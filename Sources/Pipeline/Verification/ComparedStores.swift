import Capture
import Model
import Postgres
import SQLite

/// Verify's own connections to both stores, and the snapshot that is open on them.
///
/// Each step runs in a snapshot that is young enough; between two steps it may be another one, of a later group.
struct ComparedStores: ~Copyable {
  /// A step ends after so many seconds, so that nobody waits for our locks for longer.
  static let stepSeconds = 0.5
  /// How long a target that is away is waited for.
  private static let patienceSeconds = 300.0

  private let database: Database
  private var connection: Connection
  private let maker: SnapshotMaker
  private let watcher: SourceWatcher
  private var snapshot: TwinSnapshot?
  private var openedAt = ContinuousClock.now
  private var backoff = Backoff()
  private let warn: (String) -> Void
  /// Twin snapshots made so far.
  private(set) var snapshots = 0

  init(
    _ database: consuming Database, _ connection: consuming Connection, _ maker: SnapshotMaker,
    warn: @escaping (String) -> Void
  ) {
    watcher = SourceWatcher(path: maker.source)
    self.database = database
    self.connection = connection
    self.maker = maker
    self.warn = warn
  }

  deinit { database.rollback() }

  /// Runs one step in a snapshot. Where the target goes away meanwhile, the step is done again once it is back.
  mutating func step<R>(
    _ body: (TwinSnapshot, borrowing Database, inout Connection) throws -> R
  ) throws -> R {
    var failingSince: ContinuousClock.Instant?
    while true {
      do {
        let result = try body(current(), database, &connection)
        if failingSince != nil { backoff.reset() }
        try yield()
        return result
      } catch let error as PostgresError where error.isTransient {
        let since = failingSince ?? .now
        failingSince = since
        guard since.duration(to: .now) < .seconds(Self.patienceSeconds) else { throw error }
        close()
        let seconds = backoff.next()
        warn("PostgreSQL is away: \(error.description); next try in \((seconds * 10).rounded() / 10) s")
        maker.stop.wait(milliseconds: Int(seconds * 1_000))
        try reconnect()
      }
    }
  }

  /// When the step that is about to run is to end.
  static func end(of snapshot: TwinSnapshot) -> ContinuousClock.Instant {
    min(snapshot.end, .now + .seconds(stepSeconds))
  }

  /// Ends the snapshot, where one is open.
  mutating func close() {
    guard snapshot != nil else { return }
    maker.close(database, &connection)
    snapshot = nil
  }

  /// The target outside of any snapshot.
  mutating func withTarget<R>(_ body: (inout Connection) throws -> R) throws -> R {
    close()
    return try body(&connection)
  }

  private mutating func current() throws -> TwinSnapshot {
    try maker.stop.check()
    if let snapshot, ContinuousClock.now < snapshot.end { return snapshot }
    close()
    // An open file goes on showing the old content after another took its place.
    try watcher.checkIdentity()
    let opened = try maker.open(database, &connection)
    snapshot = opened
    openedAt = .now
    snapshots += 1
    return opened
  }

  /// Ends the snapshot where it keeps somebody waiting.
  private mutating func yield() throws {
    guard let snapshot else { return }
    guard snapshot.isWAL else {
      // Without a write-ahead log the application commits only between our snapshots: it gets as long as we had.
      let held = openedAt.duration(to: .now)
      close()
      maker.stop.wait(milliseconds: Int(min(held, .seconds(1)).wholeMilliseconds))
      return
    }
    if try SnapshotMaker.isInTheWay(&connection) { close() }
  }

  private mutating func reconnect() throws {
    guard !connection.isHealthy else { return }
    do {
      connection = try Connection(
        connection.target, applicationName: "changeover verify", stop: maker.stop, timeoutSeconds: 10)
    } catch {
      // The next step finds the old one broken, and comes back here.
      if !error.isTransient { throw error }
    }
  }
}
