import Apply
import Glibc
import Model
import Pipeline
import Postgres
import SQLite

/// Stays ready to switch for as long as a file is there.
struct Postponement {
  /// How often the file is looked for, and how often the target is brought up where no sync does.
  private static let glanceMilliseconds = 100
  private static let catchUpSeconds: Double = 5

  let flag: String
  let settings: SwitchSettings
  let stop: StopSignal
  let clock: any WallClock

  /// A flag that is not there at the start would postpone nothing: a typing mistake, as likely as not.
  static func finding(_ flag: String?) -> Checkpoint? {
    guard let flag, access(flag, F_OK) != 0 else { return nil }
    return Checkpoint(
      "postpone flag", ok: false, detail: "\(flag) does not exist: create it, then run this again", milliseconds: 0)
  }

  /// Waits until the file goes away.
  func wait(
    _ session: SyncSession, _ state: StateDirectory, _ database: borrowing Database, _ connection: inout Connection,
    _ steps: inout Steps
  ) throws {
    let started = ContinuousClock.now
    steps.note("postponed", "ready: it goes on when \(flag) goes away")
    var caughtUp = started
    while access(flag, F_OK) == 0 {
      if stop.wait(milliseconds: Self.glanceMilliseconds) { throw Stopped() }
      guard caughtUp.duration(to: .now) > .seconds(Self.catchUpSeconds), try state.syncLock.tryAcquire() != nil else {
        continue
      }
      try catchUp(session, state, database, &connection)
      caughtUp = .now
    }
    steps.note("postpone flag", "\(flag) is gone", since: started)
  }

  private func catchUp(
    _ session: SyncSession, _ state: StateDirectory, _ database: borrowing Database, _ connection: inout Connection
  ) throws {
    let capture = try state.captureLock.acquire(stop: stop, seconds: settings.lockTimeout)
    let apply = try state.applyLock.acquire(stop: stop, seconds: settings.lockTimeout)
    var drain = try Drain(session: session, state: state, clock: clock, stop: stop, database, &connection)
    try drain.catchUp(database, &connection)
    _ = consume apply
    _ = consume capture
  }
}
