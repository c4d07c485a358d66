import Capture
import Journal
import Model
import SQLite

/// Has damaged groups of the journal that are not applied yet read again from the source, where the source still holds their
/// changes. Belongs to who holds the capture lock.
///
/// A group is a step from one consistent state to a later one. So the one that replaces the damaged group may take the place of
/// all that followed too: it reads what the source holds now.
struct JournalMending {
  private let journal: JournalDirectory
  private let source: RandomID
  private let report: Report

  init(journal: JournalDirectory, source: RandomID, report: @escaping Report) {
    self.journal = journal
    self.source = source
    self.report = report
  }

  /// - Parameter applied: where the target stands; what came before it is not looked at.
  func mend(after applied: Position, _ database: borrowing Database) throws {
    do throws(JournalError) {
      _ = try journal.recover(source: source)
    } catch .missing {
      // Parts of the newest group: found below, with the group's number.
    }
    guard let damage = try journal.damage(after: applied.group) else { return }
    let start = try position(before: damage.group, applied)
    guard try isWhole(after: start, database) else {
      let failure = damage.error.failure
      throw Failure(
        failure.status, "\(failure.message); the source no longer holds the changes after number \(start.sequence)",
        remedy: "nothing of it was applied: restore the file from a copy, or start over with sync --reseed")
    }
    let files = try journal.setAside(from: damage.group)
    report(
      .warning(
        "\(damage.error.failure.message): the source still holds these changes, and they are read again "
          + "(\(files.count) files of the journal were set aside)"))
  }

  private func position(before group: GroupNumber, _ applied: Position) throws -> Position {
    let before = GroupNumber(group.rawValue - 1)
    guard before > applied.group, let last = try journal.group(before)?.parts.last else { return applied }
    return try journal.header(of: last).position
  }

  /// Whether the source has a position's change and all after it.
  private func isWhole(after start: Position, _ database: borrowing Database) throws -> Bool {
    try database.transaction(.deferred) { database in
      guard try SourceInstallation.holds(start, in: database) else { return false }
      let number = start.sequence.rawValue
      return try database.integer(
        "SELECT max(seq) - ?1 = (SELECT count(*) FROM \(SourceNames.change) WHERE seq > ?1) FROM \(SourceNames.change)",
        [.integer(number)]) == 1
    }
  }
}
