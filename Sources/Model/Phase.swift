/// How far the move has come. Kept on the target, beside the position; the source keeps only whether it is fenced.
package enum Phase: String, Sendable, Codable, CaseIterable {
  /// Triggers are installed, the first copy and the indexes are not finished. Undone by dropping what was copied.
  case preparing
  /// The target follows the source. Undone by stopping.
  case syncing
  /// A switch wrote its last group to the target and has not decided. The fence on the source tells which way it goes.
  case switching
  /// The target is the authority. Undone only by going back.
  case switched
}

/// The store whose writes a batch carries.
package enum Direction: UInt8, Sendable, Codable {
  /// SQLite to PostgreSQL.
  case forward = 1
  /// PostgreSQL to SQLite.
  case reverse = 2

  package var name: String { self == .forward ? "forward" : "reverse" }
}
