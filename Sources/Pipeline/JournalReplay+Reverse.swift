import Apply
import Capture
import Journal
import Model
import Postgres
import ReverseApply
import SQLite

/// After the switch the journal is replayed towards SQLite.
extension JournalReplay {
  func replayBack(
    _ state: StateDirectory, _ from: GroupNumber?, _ execute: Bool, _ session: SyncSession
  ) throws -> Outcome {
    let record = session.record
    let database = try SourceFile.openForWriting(source, takesLock: false)
    try ReverseApplier.prepare(database)
    let position = try session.sourcePosition(in: database)
    let first = min(from ?? position.group.next, position.group.next)
    guard first > record.applied.group else {
      throw Failure(
        .usage, "group \(first) is from before the switch, and SQLite had it first",
        remedy: "name a group after \(record.applied.group)")
    }
    // A group that the target did not commit was never given away.
    let groups = try state.journal.groups(after: GroupNumber(first.rawValue - 1)).filter {
      $0.number <= record.reversePosition.group
    }
    if let found = groups.first?.number, found != first { throw Self.holes(found, first) }
    let again = groups.filter { $0.number <= position.group }
    let new = groups.filter { $0.number > position.group }
    var outcome = Outcome(again: again.count, new: new.count, position: position, direction: .reverse)
    if let last = new.last?.parts.last { outcome.position = try state.journal.header(of: last).position }
    guard execute else { return outcome }
    let held = try state.applyLock.acquire(stop: StopSignal(), seconds: 10)
    var applier = try ReverseApplier(
      journal: state.journal, plan: record.plan, installation: session.installation, in: database)
    try applier.replay(again, at: position, to: database)
    outcome.position = position
    for group in new { outcome.position = try applier.apply(group, after: outcome.position, to: database).position }
    _ = consume held
    return outcome
  }
}
