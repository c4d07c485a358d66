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
  package private(set) var quarantined: Int64 = 0

  /// Makes a connection fit for applying. Throws inside a transaction, where SQLite would pass the settings over.
  package static func prepare(_ database: borrowing Database) throws {}

  /// - Throws: `Failure` where the source is not fenced.
  package init(
    journal: JournalDirectory, plan: TargetPlan, installation: SourceInstallation, stop: StopSignal = StopSignal(),
    in database: borrowing Database
  ) throws {}

  /// Applies a group that follows `position`, in a transaction of its own; inside the caller's where one is open, which the
  /// caller then commits, or rolls back when this throws.
  /// - Parameter position: where the source stands as the caller knows it; before the first group since the switch, the
  ///   position at which the switch was made.
  package mutating func apply(
    _ group: JournalGroup, after position: Position, to database: borrowing Database
  ) throws -> Applied {
    throw Failure(.internalError, "not yet", remedy: "")
  }

  /// Applies groups that the source has already once more, all in one transaction.
  package mutating func replay(
    _ groups: [JournalGroup], at position: Position, to database: borrowing Database
  ) throws {}

  /// Tries the rows again that a constraint refused, all tables of them, in a transaction of its own.
  package mutating func retry(in database: borrowing Database) throws {}

  /// Why rows could not come back into tables of the source, by table: what only the application's SQLite has.
  package static func obstacles(
    _ plan: TargetPlan, _ installation: SourceInstallation, in database: borrowing Database
  ) -> [(table: String, reason: String)] { [] }

  /// Sees to it that AUTOINCREMENT hands out no number again that the target has handed out, by the tables' names in
  /// SQLite. Inside the caller's transaction.
  package static func raiseSequences(_ numbers: [String: Int64], in database: borrowing Database) throws {}
}
