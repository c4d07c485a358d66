import Capture
import Journal
import Model
import SQLite
import Schema

/// Applies journaled groups of the target's writes to the fenced source: one SQLite transaction a group, its rows and its
/// position together.
///
/// `prepare` the connection first, outside of any transaction: neither the fence nor the application's triggers nor
/// cascades, whose effects come as rows of their own, act on it.
package struct ReverseApplier: ~Copyable {
  /// What applying a group came to.
  package struct Applied: Sendable {
    package var position: Position
    package var entries: Int
    package var capturedAt: Instant
    /// Rows put into the quarantine by this group.
    package var quarantined = 0
    /// Tables without a key whose rows VACUUM renumbered: nothing of them is applied until a group replaces the whole
    /// table, which whoever captures must ask for.
    package var awaited: [TableID] = []
  }

  /// Rows in the source's quarantine that nobody discarded: these block the way back.
  package private(set) var quarantined: Int64

  let journal: JournalDirectory
  let installation: SourceInstallation
  let switchID: RandomID
  let plans: [TableID: TablePlan]
  let stop: StopSignal
  /// What is known of the connection and of the file, until an error or another process makes it doubtful.
  var desk: ReverseDesk?
  /// Of each table the last key that was tried again, where there may be more after it.
  var retriedThrough: [TableID: [UInt8]] = [:]

  /// Makes a connection fit for applying. Throws inside a transaction, where SQLite would pass the settings over.
  package static func prepare(_ database: borrowing Database) throws {
    guard !database.isInTransaction else {
      throw Failure(.internalError, "the connection to \(database.path) is in a transaction", remedy: "report this")
    }
    try database.setTriggersEnabled(false)
    try database.execute(
      """
      PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = OFF; PRAGMA query_only = OFF;
      PRAGMA synchronous = EXTRA
      """)
    try requirePrepared(database)
  }

  private static func requirePrepared(_ database: borrowing Database) throws {
    let isPrepared =
      try !database.hasTriggersEnabled && database.integer("PRAGMA foreign_keys") == 0
      && database.integer("PRAGMA ignore_check_constraints") == 0 && database.integer("PRAGMA synchronous") >= 2
    guard isPrepared else {
      throw Failure(
        .internalError, "the connection to \(database.path) would let triggers or cascades act", remedy: "report this")
    }
  }

  /// - Throws: `Failure` where the source is not fenced, or the connection not prepared.
  package init(
    journal: JournalDirectory, plan: TargetPlan, installation: SourceInstallation, stop: StopSignal = StopSignal(),
    in database: borrowing Database
  ) throws {
    try Self.requirePrepared(database)
    let quarantined = try ReverseQuarantine.count(in: database).blocking
    guard let switchID = installation.switchID else { throw Self.notFenced(database.path) }
    self.quarantined = quarantined
    self.journal = journal
    self.installation = installation
    self.switchID = switchID
    self.stop = stop
    plans = Dictionary(plan.tables.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
  }

  /// Applies a group that follows `position`, in a transaction of its own; inside the caller's where one is open, which the
  /// caller then commits, or rolls back when this throws.
  /// - Parameter position: where the source stands as the caller knows it; before the first group since the switch, the
  ///   position at which the switch was made.
  package mutating func apply(
    _ group: JournalGroup, after position: Position, to database: borrowing Database
  ) throws -> Applied {
    let headers = try group.parts.map { try journal.header(of: $0) }
    guard let first = headers.first, let last = headers.last, !last.moreFollows else {
      throw Failure(.internalError, "group \(group.number) is not whole", remedy: "run changeover journal check")
    }
    guard first.direction == .reverse, first.source == installation.source, first.group == position.group.next,
      first.after == position.sequence
    else { throw Self.notNext(group.number, after: position) }
    var applied = Applied(
      position: last.position, entries: headers.reduce(0) { $0 + Int($1.entryCount) }, capturedAt: last.capturedAt)
    try transaction(database) { applier, database in
      try applier.requirePosition(position, before: group.number, in: database)
      try applier.run(group.parts, of: group.number, repeats: headers.contains(where: \.keysMayRepeat), database)
      try SourceInstallation.setReversePosition(last.position, since: applier.switchID, in: database)
      FaultPoint.reach("reverse-applied")
      applied.quarantined = try applier.desk?.quarantine.new(since: group.number, in: database) ?? 0
      applied.awaited = try AwaitedTables.read(in: database)
    }
    FaultPoint.reach("reverse-committed")
    return applied
  }

  /// Applies groups that the source has already once more, all in one transaction: only with the last of them is it back in
  /// the state that its position names.
  package mutating func replay(
    _ groups: [JournalGroup], at position: Position, to database: borrowing Database
  ) throws {
    guard let last = groups.last else { return }
    for name in groups.flatMap(\.parts) {
      let header = try journal.header(of: name)
      guard header.direction == .reverse, header.source == installation.source else {
        throw Self.notNext(header.group, after: position)
      }
    }
    try transaction(database) { applier, database in
      try applier.requirePosition(position, before: nil, in: database)
      try applier.run(groups.flatMap(\.parts), of: last.number, repeats: true, database)
    }
  }

  /// Tries the rows again that a constraint refused, of all tables, in a transaction of its own.
  package mutating func retry(in database: borrowing Database) throws {
    try transaction(database) { applier, database in
      try applier.retry(applier.plans.keys.sorted(), before: nil, database)
    }
  }

  /// Tables that wait for a group that replaces them, since VACUUM renumbered their rows; looked at now, also where no
  /// group came since. The way back must not open before there are none.
  package mutating func awaited(in database: borrowing Database) throws -> [TableID] {
    var awaited: [TableID] = []
    try transaction(database) { _, database in awaited = try AwaitedTables.read(in: database) }
    return awaited
  }

  // MARK: Transactions

  private mutating func transaction(
    _ database: borrowing Database, _ body: (inout ReverseApplier, borrowing Database) throws -> Void
  ) throws {
    let isOwn = !database.isInTransaction
    do {
      if isOwn { try database.execute("BEGIN IMMEDIATE") }
      try open(database)
      try body(&self, database)
      let count = try ReverseQuarantine.count(in: database).blocking
      if isOwn {
        try database.execute("COMMIT")
      } else {
        // The caller may still roll back.
        desk = nil
      }
      quarantined = count
    } catch {
      // What was learned inside the transaction goes with it.
      desk = nil
      if isOwn { database.rollback() }
      throw error
    }
  }

  /// Makes sure that what is known still holds: another connection, another schema, another process may have come.
  private mutating func open(_ database: borrowing Database) throws {
    guard try SourceInstallation.currentSwitch(in: database) == switchID else { throw Self.notFenced(database.path) }
    if let desk, try desk.isCurrent(database) { return }
    try Self.requirePrepared(database)
    desk = try ReverseDesk(installation, in: database)
  }

  /// Throws where the file is not where the caller takes it to be. A file without a position of its own has had no group
  /// since its switch: its newest change tells whether it is the one that was switched at that position.
  private func requirePosition(
    _ position: Position, before group: GroupNumber?, in database: borrowing Database
  ) throws {
    if let stored = try SourceInstallation.reversePosition(in: database) {
      guard stored == position else { throw Self.notNext(group ?? position.group, after: stored) }
    } else {
      try SourceInstallation.requireHistory(through: position, in: database)
      // What an earlier way back left is over.
      try HabitSurvey.forget(in: database)
      try desk?.quarantine.clear(in: database)
    }
  }

  private static func notFenced(_ path: String) -> Failure {
    Failure(
      .badData, "\(path) is not fenced by the switch that PostgreSQL knows: the application may write to it",
      remedy: "put the fenced file back if it was replaced; nothing was changed")
  }

  private static func notNext(_ group: GroupNumber, after position: Position) -> Failure {
    Failure(
      .badData, "group \(group) of the journal does not follow the source's position (\(position.group))",
      remedy: "run changeover journal check; was the file or the state directory restored from a copy?")
  }
}
