import Apply
import Capture
import Journal
import Model
import ReverseApply
import ReverseCapture
import SQLite

/// After the switch: how far SQLite is behind PostgreSQL.
extension LagReport {
  /// - Parameter known: read before what the source is asked for here, so that a group that was applied meanwhile does not
  ///   count as missing.
  init(
    fenced installation: SourceInstallation, _ known: Known, _ state: StateDirectory?, _ database: borrowing Database,
    _ now: Instant
  ) throws {
    let runsHere = try Self.runsHere(state)
    syncRunning = runsHere || Self.runsElsewhere(known, state)
    let isFinished = known.record?.phase == .finished || installation.mark.phase == .finished
    self.state = isFinished ? .finished : syncRunning ? .reversed : .switched
    targetReachable = known.trouble == nil
    targetTrouble = known.trouble
    isCopied = true
    verified = known.verified
    unlogged = known.notes?.unlogged ?? 0
    unloggedAt = known.notes?.unloggedAt
    deviations = known.deviations
    quarantined = try ReverseQuarantine.count(in: database).blocking
    let applied = try SourceInstallation.reversePosition(in: database) ?? known.record?.applied
    appliedSequence = applied?.sequence.rawValue
    guard !isFinished, let record = known.record, let pending = known.pending, let applied else { return }
    let newest = record.reversePosition.sequence.rawValue + pending
    sourceSequence = newest
    changes = max(newest - applied.sequence.rawValue, 0)
    seconds = 0
    guard changes != 0 else { return }
    // Nobody notes when a change was made: it is younger than the last look that did not find it.
    secondsIsUpperBound = true
    var looked = record.capturedAt ?? record.appliedAt
    if let state, let next = try? state.journal.header(of: BatchName(group: applied.group.next, part: 0)),
      next.direction == .reverse, applied.group < record.reversePosition.group
    {
      looked = next.previousLookAt
    } else if applied.group < record.reversePosition.group {
      // Taken from the logs, and the journal that has it is elsewhere.
      seconds = nil
      return
    } else if runsHere, let notes = known.notes, notes.state == .reversed {
      looked = max(looked, notes.lookedAt)
    }
    seconds = max(now.seconds(since: looked), 0)
  }
}
