import Model
import SQLite
import TriggerTemplates

/// The source's part in a switch: closed by a fence, opened again, or opened without its target. The caller holds the
/// write transaction; its COMMIT decides.
extension SourceInstallation {
  /// Closes the source: fence triggers instead of capture triggers, and the switch's id as the decision.
  package func fence(switchID: RandomID, message: String, in database: borrowing Database) throws {
    try dropTriggers(in: database)
    for table in tables {
      for trigger in TriggerSet.fence(for: table, message: message) { try database.execute(trigger.sql) }
    }
    try database.execute("DROP VIEW IF EXISTS \(SourceNames.fenceGuard)")
    try database.execute(Fence.guardView(message))
    try Fence.rememberOpenTables(besides: tables, in: database)
    try Self.set("switch_id", .text(switchID.description), in: database)
    try Self.set("fence_message", .text(message), in: database)
    try Self.set("phase", .text(Phase.switched.rawValue), in: database)
  }

  /// Opens the source again: capture triggers instead of the fence, and the way back's id as the decision.
  ///
  /// The row that `position` names becomes the newest of the change table, so that the next group follows it.
  package func open(
    wayBack id: RandomID, at position: Position, in database: borrowing Database
  ) throws {
    try liftFence(in: database)
    try anchor(at: position, in: database)
    let parents = try ActionParents.read(database)
    for table in tables { try Self.createTriggers(of: table, parents, in: database) }
    // What the application did to its schema behind the fence is left to be taken up.
    if try SchemaListing.isKnown(in: database) { try SchemaListing.record(in: database) }
    try Self.set("way_back_id", .text(id.description), in: database)
  }

  /// Opens the source without its target, which is gone for good: no triggers, nothing is logged any more.
  package func abandon(_ switchID: RandomID, in database: borrowing Database) throws {
    try liftFence(in: database)
    try Self.set("abandoned_id", .text(switchID.description), in: database)
  }

  /// Writes down that the move is over; the fence stays.
  package static func finish(in database: borrowing Database) throws {
    try database.transaction(.immediate) { try set("phase", .text(Phase.finished.rawValue), in: $0) }
  }

  private func liftFence(in database: borrowing Database) throws {
    try dropTriggers(in: database)
    try database.execute("DROP VIEW IF EXISTS \(SourceNames.fenceGuard)")
    for name in ["switch_id", "fence_message", "open_tables"] { try Self.unset(name, in: database) }
    try Self.set("phase", .text(Phase.syncing.rawValue), in: database)
  }

  private func dropTriggers(in database: borrowing Database) throws {
    for trigger in try Self.ownTriggers(database) {
      try database.execute("DROP TRIGGER \(SQLiteText.identifier(trigger))")
    }
  }

  private func anchor(at position: Position, in database: borrowing Database) throws {
    let newest = try database.integer("SELECT max(seq) FROM \(SourceNames.change)")
    guard newest <= position.sequence.rawValue else {
      throw Failure(
        .internalError, "the change table of \(database.path) holds change \(newest), after \(position.sequence)",
        remedy: "nothing was changed; report this")
    }
    let statement = try database.prepare(
      "INSERT OR REPLACE INTO \(SourceNames.change) (seq, tbl, op, nonce) VALUES (?1, 0, 0, ?2)")
    try statement.bind(all: [.integer(position.sequence.rawValue), .integer(position.nonce)])
    try statement.run()
  }
}
