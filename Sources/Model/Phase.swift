/// How far the move has come. Kept on the target, beside the position; the source keeps which of the two stores it takes
/// for the authority, and by which switch.
package enum Phase: String, Sendable, Codable, CaseIterable {
  /// Triggers are installed, the first copy and the indexes are not finished. Undone by dropping what was copied.
  case preparing
  /// The target follows the source. Undone by stopping.
  case syncing
  /// A switch wrote its last group to the target and has not decided. The fence on the source tells which way it goes.
  case switching
  /// The target is the authority, and the source follows it. Undone by going back.
  case switched
  /// A way back wrote its last group and has not decided: the target is closed, the source's fence tells which way it goes.
  case switchingBack = "switching-back"
  /// The move is over: nothing follows any more. Not undone.
  case finished
}

/// The store whose writes a batch carries.
package enum Direction: UInt8, Sendable, Codable {
  /// SQLite to PostgreSQL.
  case forward = 1
  /// PostgreSQL to SQLite.
  case reverse = 2

  package var name: String { self == .forward ? "forward" : "reverse" }
}
