import Model
import SQLite

/// Notices commits that no trigger saw: the file's content moved, and neither a change was logged nor the schema altered.
///
/// Incremental blob writes and connections with triggers switched off fire nothing. A commit that comes together with a
/// logged one is not told apart from it, and a write to a table that does not move looks the same: what is counted is a
/// reason to verify, not a proof.
package struct CommitWatch {
  private struct Look {
    var version: Int64
    var newest: Int64
    var schema: Int64
  }

  /// A writer that begins the write-ahead log anew shows itself a moment before its commit does.
  static let confirmedAfter = Duration.milliseconds(250)

  private var last: Look?
  private var suspectedAt: ContinuousClock.Instant?

  package init() {}

  /// Whether the content has moved unseen. All of it is read in one transaction.
  package mutating func look(
    at database: borrowing Database, _ now: ContinuousClock.Instant = .now
  ) throws(SQLiteError) -> Bool {
    try database.execute("BEGIN")
    defer { database.rollback() }
    // The first read settles what the transaction sees.
    let newest = try database.integer("SELECT seq FROM \(SourceNames.change) ORDER BY seq DESC LIMIT 1")
    let look = Look(
      version: try database.integer("PRAGMA data_version"), newest: newest,
      schema: try database.integer("PRAGMA schema_version"))
    defer { last = look }
    guard let last else { return false }
    if look.newest != last.newest || look.schema != last.schema {
      suspectedAt = nil
      return false
    }
    if look.version != last.version {
      suspectedAt = now
      return false
    }
    guard let suspectedAt, suspectedAt.duration(to: now) >= Self.confirmedAfter else { return false }
    self.suspectedAt = nil
    return true
  }
}
