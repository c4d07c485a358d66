import Apply
import Capture
import Journal
import Model
import SQLite

/// Whether the target's position is one of the history that this journal and the source know.
///
/// A server that comes back may be another one. While it follows, one that lacks the last transactions is brought up to date
/// from the journal; one that went another way, or further, is not ours to write to. Once it is the authority nobody may add
/// to it: one that lacks what the source has already taken back has lost the application's writes, and everything stops;
/// one that lacks only what the source never had is followed from where it stands.
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

  // MARK: After the switch

  /// Throws where the source has taken back what this target did not give away.
  /// - Parameter taken: the source's position, read before the record; nil before the first group since the switch.
  static func requireGiven(_ taken: Position?, by record: SourceRecord) throws {
    guard let taken, record.phase != .finished else { return }
    let given = record.reversePosition
    guard taken.group > given.group || taken.group == given.group && taken != given else { return }
    let stands = taken.group == given.group ? "at another group \(given.group)" : "at group \(given.group)"
    throw Failure(
      .badData,
      "SQLite holds group \(taken.group) of PostgreSQL's writes (through change \(taken.sequence)), which PostgreSQL "
        + "itself does not know: it stands \(stands), so it was set back to an older state and has lost what the "
        + "application wrote there since",
      remedy: "nothing was changed: put back the server that has these writes (changeover journal show has those of "
        + "the last groups, too); if there is none, shut this one down and open SQLite, which has them, with rollback "
        + "--abandon-target")
  }

  /// Throws where the journal does not lead from what the source has taken back to where the target stands.
  static func requireLeads(from taken: Position, to given: Position, in journal: JournalDirectory) throws {
    var number = taken.group
    while number < given.group {
      number = number.next
      guard let last = try journal.group(number)?.parts.last else { throw lost(number, journal) }
      guard number == given.group, try journal.header(of: last).position != given else { continue }
      throw Failure(
        .badData,
        "PostgreSQL stands at another group \(number) of its writes than the journal's: it is not the server that was "
          + "followed",
        remedy: "nothing was changed: put the right server or backup back")
    }
  }

  static func lost(_ group: GroupNumber, _ journal: JournalDirectory) -> Failure {
    Failure(
      .badData, "group \(group) of PostgreSQL's writes is in neither the journal nor SQLite",
      remedy: "restore \(journal.path) from a copy of the disk; changeover verify tells what SQLite lacks")
  }

  private static func failure(_ what: String, _ applied: Position) -> Failure {
    Failure(
      .badData,
      "the target is not the one that was followed: its position (group \(applied.group), change \(applied.sequence)) \(what)",
      remedy: "nothing was changed there: put the right server or backup back, or start over with sync --reseed")
  }
}
