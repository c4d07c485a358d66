import Capture
import Journal
import Model
import SQLite

/// Whether the target's position is one that this journal led to.
///
/// A server that comes back may be another one: a replica that lacks the last transactions is brought up to date from the
/// journal; one that went another way, or further, is not ours to write to.
enum TargetHistory {
  /// Throws where the target stands after a group that the journal holds otherwise.
  static func requireSame(_ applied: Position, in journal: JournalDirectory) throws {
    guard let last = try journal.group(applied.group)?.parts.last else { return }
    let journaled = try journal.header(of: last).position
    guard journaled == applied else {
      throw failure("stands after another group \(applied.group) than the journal's", applied)
    }
  }

  /// Throws where the target stands after a group that was not captured here.
  static func requireKnown(_ applied: Position, captured: Position, in journal: JournalDirectory) throws {
    try requireSame(applied, in: journal)
    guard applied.group > captured.group, try journal.group(applied.group) == nil else { return }
    throw failure("is ahead of the journal, which ends with group \(captured.group)", applied)
  }

  /// Whether the journal leads from the target's position to one that the source still holds.
  static func isBehind(
    _ applied: Position, _ journal: JournalDirectory, _ database: borrowing Database
  ) throws -> Bool {
    guard let last = try journal.group(applied.group)?.parts.last, try journal.header(of: last).position == applied,
      let newest = try journal.files().last?.name, newest.group > applied.group
    else { return false }
    return try SourceInstallation.holds(journal.header(of: newest).position, in: database)
  }

  private static func failure(_ what: String, _ applied: Position) -> Failure {
    Failure(
      .badData,
      "the target is not the one that was followed: its position (group \(applied.group), change \(applied.sequence)) \(what)",
      remedy: "nothing was changed there: put the right server or backup back, or start over with sync --reseed")
  }
}
