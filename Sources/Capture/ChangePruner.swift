import Model
import SQLite

/// Deletes changes that the journal holds, in slices so short that the application does not notice.
///
/// Kept are the newest change and the last one of every group not yet applied: numbers never restart, and a copy of the
/// file put in this one's place is recognised by the nonce. The steps of the schema go with the changes they were taken up with.
package struct ChangePruner {
  /// How long a slice may hold the write lock, in milliseconds.
  private static let lockMilliseconds: Double = 5

  /// The last changes of journaled groups that are not applied yet, in order.
  private var boundaries: [ChangeNumber]
  /// Everything up to here is deleted, boundaries apart.
  private var prunedThrough: ChangeNumber
  private var sliceRows: Int64 = 500
  /// Whether the last slice found the source locked: there may be more to delete, a moment later.
  package private(set) var wasLocked = false

  package init(boundaries: [ChangeNumber]) {
    self.boundaries = boundaries
    prunedThrough = ChangeNumber(0)
  }

  package mutating func journaled(through sequence: ChangeNumber) { boundaries.append(sequence) }

  /// Deletes at most one slice; true when there may be more to delete now.
  ///
  /// A locked source is not waited for: the application comes first.
  package mutating func pruneSlice(
    applied: ChangeNumber, in database: borrowing Database
  ) throws(SQLiteError) -> Bool {
    wasLocked = false
    do {
      return try database.withoutWaiting { database throws(SQLiteError) in
        try pruneNextSlice(applied: applied, in: database)
      }
    } catch {
      guard error.isBusy else { throw error }
      wasLocked = true
      return false
    }
  }

  private mutating func pruneNextSlice(
    applied: ChangeNumber, in database: borrowing Database
  ) throws(SQLiteError) -> Bool {
    if let first = boundaries.firstIndex(where: { $0 >= applied }), first > 0 { boundaries.removeFirst(first) }
    // Below the applied position everything goes, the boundaries that were kept included.
    if try deleteSlice(from: ChangeNumber(0), below: applied, in: database) { return true }
    for boundary in boundaries where boundary > prunedThrough {
      if try deleteSlice(from: max(prunedThrough, applied), below: boundary, in: database) { return true }
      prunedThrough = boundary
    }
    try Self.deleteOldSteps(database)
    return false
  }

  /// Deletes the steps older than every change. One with the highest table number stays: numbers are not given twice.
  private static func deleteOldSteps(_ database: borrowing Database) throws(SQLiteError) {
    let old = """
      FROM \(SourceNames.step) WHERE seq < (SELECT min(seq) FROM \(SourceNames.change))
        AND rowid <> (SELECT rowid FROM \(SourceNames.step) ORDER BY tbl DESC, seq DESC, rowid DESC LIMIT 1)
      """
    // Not every half second a lock for nothing.
    if try database.scalar("SELECT 1 \(old) LIMIT 1") != nil { try database.execute("DELETE \(old)") }
  }

  /// False when there was nothing to delete.
  private mutating func deleteSlice(
    from: ChangeNumber, below: ChangeNumber, in database: borrowing Database
  ) throws(SQLiteError) -> Bool {
    guard try Self.holdsAny(from, below, database) else { return false }
    let started = ContinuousClock.now
    try Self.delete(from, below, rows: sliceRows, database)
    let took = started.duration(to: .now) / .milliseconds(1)
    if took > Self.lockMilliseconds { sliceRows = max(sliceRows / 2, 50) }
    if took < Self.lockMilliseconds / 4 { sliceRows = min(sliceRows * 2, 20_000) }
    return true
  }

  private static func holdsAny(
    _ from: ChangeNumber, _ below: ChangeNumber, _ database: borrowing Database
  ) throws(SQLiteError) -> Bool {
    try database.scalar(
      "SELECT 1 FROM \(SourceNames.change) WHERE seq > ?1 AND seq < ?2 LIMIT 1",
      [.integer(from.rawValue), .integer(below.rawValue)]) != nil
  }

  private static func delete(
    _ from: ChangeNumber, _ below: ChangeNumber, rows: Int64, _ database: borrowing Database
  ) throws(SQLiteError) {
    let delete = try database.prepare(
      """
      DELETE FROM \(SourceNames.change) WHERE seq IN
      (SELECT seq FROM \(SourceNames.change) WHERE seq > ?1 AND seq < ?2 ORDER BY seq LIMIT ?3)
      """)
    try delete.bind(all: [.integer(from.rawValue), .integer(below.rawValue), .integer(rows)])
    try delete.run()
  }
}
