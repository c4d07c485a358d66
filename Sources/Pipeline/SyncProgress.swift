import Model
import Synchronization

/// What the capturing and the applying thread of one sync know of each other.
final class SyncProgress: Sendable {
  fileprivate struct Shared {
    var status: SyncStatus
    /// Groups on their way: the moment their first change was seen, and their last change.
    var pending: [(seen: Instant, through: ChangeNumber)] = []
    var failure: (any Error)?
    var isCapturing = false
  }

  private let shared: Mutex<Shared>
  /// Raised with every captured group, and with every part of a large one.
  let captured = WakeUp()
  /// Raised where something happened that only a verify can judge.
  let verifyWanted = WakeUp()
  /// Ends all threads.
  let stop: StopSignal

  /// - Parameter earlier: what the sync before this one wrote down.
  init(
    captured: Position, applied: Position, earlier: SyncStatus?, stop: StopSignal, clock: any WallClock
  ) {
    self.stop = stop
    shared = Mutex(
      Shared(
        status: SyncStatus(
          state: .copying, lookedAt: clock.now, captured: captured, applied: applied, targetAway: false,
          quarantined: 0, unlogged: earlier?.unlogged, unloggedAt: earlier?.unloggedAt)))
  }

  var status: SyncStatus { shared.withLock { $0.status } }

  func looked(at time: Instant) { shared.withLock { $0.status.lookedAt = time } }

  func captured(_ position: Position, seen: Instant, lookedAt: Instant) {
    shared.withLock {
      $0.status.captured = position
      $0.status.lookedAt = lookedAt
      $0.pending.append((seen, position.sequence))
      $0.refreshPending()
    }
    captured.raise()
  }

  /// Whether the capturing thread may be writing a group.
  var isCapturing: Bool {
    get { shared.withLock { $0.isCapturing } }
    set { shared.withLock { $0.isCapturing = newValue } }
  }

  func applied(_ position: Position, quarantined: Int64) {
    shared.withLock {
      $0.status.applied = position
      $0.status.quarantined = quarantined
      $0.pending.removeAll { $0.through <= position.sequence }
      $0.refreshPending()
    }
  }

  /// A commit that no trigger saw. Returns how many there were.
  func foundUnlogged(at time: Instant) -> Int64 {
    let count = shared.withLock {
      $0.status.unlogged = ($0.status.unlogged ?? 0) + 1
      $0.status.unloggedAt = time
      return $0.status.unlogged ?? 1
    }
    verifyWanted.raise()
    return count
  }

  func setState(_ state: SyncStatus.State) { shared.withLock { $0.status.state = state } }
  func setTargetAway(_ away: Bool) { shared.withLock { $0.status.targetAway = away } }

  /// Keeps the first failure and ends everything.
  func fail(_ error: any Error) {
    shared.withLock { if $0.failure == nil { $0.failure = error } }
    stop.request()
    captured.raise()
  }

  var failure: (any Error)? { shared.withLock { $0.failure } }
}

extension SyncProgress.Shared {
  fileprivate mutating func refreshPending() {
    status.pendingSince = pending.first?.seen
    status.pendingThrough = pending.first?.through
  }
}
