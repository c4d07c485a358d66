import Apply
import Model
import Postgres
import SQLite

/// Why a stream in one direction ended in good order.
enum StreamEnd { case caughtUp, phaseMoved }

/// One direction of the sync. What it does with the target is its own affair; that it goes on through lost connections, and
/// only on a server that it knows, is the same in both.
protocol StreamLoop: ~Copyable {
  /// What it does there, for a failure's words.
  static var operation: String { get }

  var options: SyncOptions { get }
  var progress: SyncProgress { get }
  var report: Report { get }
  var session: SyncSession { get set }
  var backoff: Backoff { get set }

  /// Streams over a connection until there is nothing more to do.
  mutating func work(_ connection: inout Connection) throws -> StreamEnd

  /// The target's record on a new connection; throws where the server went another way than the source. Nothing has been
  /// written there. Nil where it knows nothing of this source.
  func knownRecord(_ connection: inout Connection) throws -> SourceRecord?

  /// Says what a server lacks that came back with an older state than it had.
  func tellSetBack(_ record: SourceRecord)

  /// After a connection was lost, before the next is tried.
  mutating func lookAroundBetween() throws
}

extension StreamLoop where Self: ~Copyable {
  private static var busyMilliseconds: Int { 200 }

  /// Runs until there is nothing more to do; throws `Stopped` when asked to stop. Lost connections are waited out.
  mutating func run(first: consuming Connection?) throws -> StreamEnd {
    var connection: Connection? = first
    while true {
      try progress.stop.check()
      do {
        if connection == nil { connection = try reconnect() }
        guard var open = connection.take() else { continue }
        return try work(&open)
      } catch let error as SQLiteError where error.isBusy {
        // The application has the source to itself: it goes on where it was.
        connection = nil
        try lookAroundBetween()
        progress.stop.wait(milliseconds: Self.busyMilliseconds)
      } catch let error as PostgresError {
        if error.isStopped { throw Stopped() }
        connection = nil
        try lookAroundBetween()
        if error.isSuperseded { continue }
        guard error.isTransient else {
          throw error.failure(operation: Self.operation, subject: options.target.safeDescription)
        }
        let seconds = backoff.next()
        progress.setTargetAway(true)
        report(.targetAway(reason: error.description, retrySeconds: seconds))
        progress.stop.wait(milliseconds: Int(seconds * 1_000))
      }
    }
  }

  /// A new connection to the target, once it is found that the source is still ours there.
  private mutating func reconnect() throws -> Connection {
    var connection = try Connection(
      options.target, applicationName: "changeover sync", stop: progress.stop, timeoutSeconds: 10)
    guard var record = try knownRecord(&connection) else {
      throw Failure(
        .badData, "the target no longer knows this source: it was restored or its tables were dropped",
        remedy: "restore the target; before the switch, sync --reseed starts over")
    }
    // A server that lacks our last transactions may not have heard of this run yet.
    let epoch = session.record.epoch
    if record.owner == session.record.owner, record.epoch < epoch {
      try record.regain(epoch, session.catalogue, &connection)
    }
    guard record.owner == session.record.owner, record.epoch == epoch else {
      throw Failure(
        .tryAgain, "another changeover took this source over", remedy: "let it run, or stop it before this one")
    }
    tellSetBack(record)
    session.record = record
    if progress.status.targetAway {
      progress.setTargetAway(false)
      report(.targetBack)
    }
    backoff.reset()
    return connection
  }
}

/// The pause before the next try: doubled each time, never more than five seconds, with jitter so that many do not come
/// at once.
struct Backoff {
  private static let first = 0.1
  private static let longest = 5.0
  private var base = first

  mutating func next() -> Double {
    defer { base = min(base * 2, Self.longest) }
    return base * Double.random(in: 0.5...1)
  }

  mutating func reset() { base = Self.first }
}
