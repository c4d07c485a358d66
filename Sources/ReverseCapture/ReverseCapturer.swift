import Apply
import Journal
import Model
import Postgres
import Schema

/// Turns what the application wrote to the target since the last group into the next group of journal batches.
///
/// One REPEATABLE READ transaction, with the tables locked before its snapshot is taken, deletes the log rows that it sees,
/// reads the current row of each key among them, and commits once the group is durable. So a change is in the journal or in
/// the log, whatever dies when. The values are those of the types' send functions.
package struct ReverseCapturer: ~Copyable {
  /// What one group held.
  package struct Captured: Sendable {
    package let position: Position
    /// Log rows that it took.
    package let changes: Int64
    package let entries: Int
    package let bytes: Int
  }

  /// A batch is closed once its entries reach this many bytes, so that memory stays bounded whatever the backlog.
  private static let batchBytes = 8 << 20
  /// How long a drain waits for a table that somebody rewrites or truncates, in milliseconds.
  private static let lockMilliseconds = 500
  /// Up to so many changes of a table its rows are looked up by their keys, whatever the planner makes of an emptied log.
  private static let lookedUpChanges: Int64 = 50_000
  private static let attempts = 4
  /// A log that gave away so many rows is vacuumed: looking at it would otherwise mean looking through them.
  private static let vacuumedChanges: Int64 = 20_000
  /// How often a change of the schema is looked for while nobody writes.
  private static let idleLook = Duration.seconds(5)

  /// Whose drains count; the phase is `switched` unless the caller's own transaction has moved it on.
  package var ownership: Ownership
  package private(set) var position: Position
  /// When a look last found nothing after `position`.
  package private(set) var lookedAt: Instant
  /// What speaks against the way back, as of the last drain.
  package private(set) var deviations: [Deviation] = []

  let plan: TargetPlan
  let catalogue: TargetCatalogue
  let switchID: RandomID?
  private let clock: any WallClock
  private var journal: JournalWriter
  private var encoder = EntryEncoder()
  private let logs: [TableID: String]

  private var shape: TargetShape?
  private var fingerprint: String?
  private(set) var readings: [TableReading] = []
  /// Tables that the server refused to read, with the reason; asked again when the fingerprint changes.
  private var refused: [TableID: String] = [:]
  private var comparedAt = ContinuousClock.now
  /// Rows that each log gave away since it was vacuumed.
  private var given: [TableID: Int64] = [:]

  package init(record: SourceRecord, catalogue: TargetCatalogue, journal: JournalDirectory, clock: any WallClock) {
    ownership = Ownership(record)
    position = record.reversePosition
    // Whatever is in the logs came after the last drain.
    lookedAt = record.capturedAt ?? record.appliedAt
    plan = record.plan
    switchID = record.switchID
    self.catalogue = catalogue
    self.clock = clock
    self.journal = JournalWriter(journal, source: record.source)
    logs = Dictionary(
      record.plan.tables.map { ($0.id, catalogue.log($0.id, of: record.source)) }, uniquingKeysWith: { a, _ in a })
  }

  // MARK: Looking

  /// Whether a log holds anything that can be drained: one cheap query, outside of any transaction. Throws a superseded
  /// error where the source has another owner or phase by now.
  package mutating func hasNews(_ connection: inout Connection) throws -> Bool {
    let startedAt = clock.now
    guard fingerprint != nil, comparedAt.duration(to: .now) < Self.idleLook else { return true }
    let any = readings.compactMap { logs[$0.id] }.map { "EXISTS (SELECT FROM \($0))" }.joined(separator: " OR ")
    do {
      let result = try connection.query(
        """
        SELECT \(any.isEmpty ? "false" : any) FROM \(catalogue.source) WHERE source = $1 AND epoch = $2 AND phase = $3
        """, ownerParameters)
      guard result.rowCount == 1 else { throw Self.superseded }
      if try result.bool(0, 0) || readings.contains(where: \.wholly) { return true }
    } catch let error as PostgresError where error.sqlState == Self.undefinedTable {
      // A log was dropped: the drain finds out which.
      return true
    }
    lookedAt = startedAt
    return false
  }

  /// Changes in the logs, those of tables that are paused among them.
  package func pendingChanges(_ connection: inout Connection) throws -> Int64 {
    try Self.pendingChanges(of: ownership.source, plan, catalogue, &connection)
  }

  /// The same without a capturer.
  package static func pendingChanges(
    of source: RandomID, _ plan: TargetPlan, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> Int64 {
    let names = plan.tables.map { catalogue.log($0.id, of: source) }
    let values = names.map { "(\(PostgresText.literal($0)))" }.joined(separator: ", ")
    guard !values.isEmpty else { return 0 }
    let found = try connection.query(
      "SELECT l.name::text FROM (VALUES \(values)) AS l (name) WHERE to_regclass(l.name) IS NOT NULL")
    let counts = try (0..<found.rowCount).map { "(SELECT count(*) FROM \(try found.string($0, 0)))" }
    guard !counts.isEmpty else { return 0 }
    return try connection.query("SELECT (\(counts.joined(separator: " + ")))::int8").int64(0, 0)
  }

  // MARK: Capturing

  /// Journals everything committed so far as one group, in a transaction of its own; inside the caller's where one is open,
  /// which must be READ COMMITTED, hold locks that keep writers out of the tables, and commit afterwards. Nil where there
  /// is nothing new, or somebody keeps a table to himself for longer than a moment.
  ///
  /// When this returns, the group survives a power cut. A group whose transaction did not commit is discarded by the next
  /// call, and captured again.
  package mutating func capture(from connection: inout Connection) throws -> Captured? {
    guard connection.transactionStatus == .idle else {
      encoder.removeAll()
      if fingerprint == nil { try recall(&connection) }
      return try drain(&connection, isAlone: false)
    }
    var attempt = 1
    while true {
      do {
        return try captureAlone(&connection)
      } catch {
        if connection.isHealthy { try? connection.execute("ROLLBACK") }
        forget()
        // Somebody rewrites a table, or fills it: there is time.
        if (error as? PostgresError)?.sqlState == Self.lockNotAvailable { return nil }
        guard Self.mayPass(error) else { throw error }
        // Whatever it was goes on: the next look takes it up.
        if attempt == Self.attempts { return nil }
        attempt += 1
      }
    }
  }

  /// Journals everything committed so far, as `capture(from:)` does on its own, and lends the transaction before its COMMIT,
  /// so that others can go on reading what it saw. One attempt.
  /// - Parameter share: what it throws takes everything back.
  /// - Returns: where the target stands once the transaction has committed; nil where it did not, since somebody keeps a
  ///   table to himself, or the schema moved: the next attempt may succeed.
  package mutating func capture(
    from connection: inout Connection, sharing share: (inout Connection, DrainedView) throws -> Void
  ) throws -> Position? {
    do {
      _ = try captureAlone(&connection, share)
      return position
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      forget()
      guard (error as? PostgresError)?.sqlState == Self.lockNotAvailable || Self.mayPass(error) else { throw error }
      return nil
    }
  }

  private mutating func captureAlone(
    _ connection: inout Connection, _ share: (inout Connection, DrainedView) throws -> Void = { _, _ in }
  ) throws -> Captured? {
    encoder.removeAll()
    try begin(&connection)
    let captured = try drain(&connection, isAlone: true)
    FaultPoint.reach("reverse-journaled")
    try share(&connection, DrainedView(after: position, tables: readings.map(\.drained), deviations: deviations))
    try connection.execute("COMMIT")
    FaultPoint.reach("reverse-drained")
    if let captured { position = captured.position }
    return captured
  }

  private static let lockNotAvailable = "55P03"

  /// Whether the next attempt, with a new look at the catalogue, may well succeed: a table that was to be locked is gone or
  /// called otherwise; another process drained; the server refused a table, which is left out from here on.
  private static func mayPass(_ error: any Error) -> Bool {
    error is ShapeMoved || error is TableRefused
      || ["40001", undefinedTable, "3F000"].contains((error as? PostgresError)?.sqlState)
  }

  private static let undefinedTable = "42P01"

  /// Makes logs small again that gave much away; outside of any transaction. Passes by what somebody has locked.
  package mutating func tidy(_ connection: inout Connection) throws {
    for (id, count) in given where count >= Self.vacuumedChanges {
      given[id] = 0
      guard let log = logs[id] else { continue }
      do {
        try connection.execute("VACUUM (SKIP_LOCKED) \(log)")
      } catch {
        guard case .server = error else { throw error }
        // Autovacuum comes by some time.
      }
    }
  }

  /// What the transaction that did not commit had found out is to be found out again.
  private mutating func forget() {
    fingerprint = nil
    shape = nil
  }

  /// Asks that all rows of some tables come with the next group, whatever was written to them.
  package func request(whole tables: [TableID], _ connection: inout Connection) throws {
    for log in tables.compactMap({ logs[$0] }) { try connection.execute("INSERT INTO \(log) (op) VALUES (5)") }
  }

  /// What is known was locked by its names; the catalogue says otherwise by now.
  private struct ShapeMoved: Error {}
  /// The server refused to read a table, which is left out from here on.
  private struct TableRefused: Error {}

  private static let superseded = PostgresError.superseded("another process owns this source, or it has moved on")

  /// Begins the transaction: no statement before the locks may take its snapshot.
  private mutating func begin(_ connection: inout Connection) throws {
    if fingerprint == nil { try recall(&connection) }
    var script = [
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
      connection.localSettings + "SET LOCAL lock_timeout = \(Self.lockMilliseconds)", Self.settings,
    ]
    if !readings.isEmpty {
      script.append("LOCK TABLE \(readings.map(\.lock).joined(separator: ", ")) IN ACCESS SHARE MODE")
    }
    script.append("SET LOCAL lock_timeout = 0")
    try connection.execute(script.joined(separator: ";\n"))
    FaultPoint.reach("reverse-locked")
  }

  /// Rather an error than rows that row security hides; durable, since SQLite may soon hold what this takes; and no
  /// compiling for tables that look large because their log was.
  private static let settings = "SET LOCAL row_security = off; SET LOCAL synchronous_commit = on; SET LOCAL jit = off"

  /// Everything between BEGIN and COMMIT.
  private mutating func drain(_ connection: inout Connection, isAlone: Bool) throws -> Captured? {
    if !isAlone { try connection.execute(Self.settings) }
    let startedAt = clock.now
    try claim(&connection)
    try compareShape(&connection, isAlone: isAlone)
    let counts = try count(&connection)
    let changes = counts.values.reduce(0) { $0 + $1.changes }
    guard changes > 0 || readings.contains(where: \.wholly) else {
      lookedAt = startedAt
      return nil
    }
    var group = Group(
      number: position.group.next, after: position.sequence,
      last: ChangeNumber(position.sequence.rawValue + changes), nonce: Int64.random(in: .min ... .max),
      fingerprint: Self.number(fingerprint ?? ""))
    for reading in readings {
      let count = counts[reading.id] ?? Count()
      guard reading.wholly || count.changes > 0 else { continue }
      do {
        try read(reading, count, into: &group, &connection)
      } catch let error as PostgresError {
        guard case .server(let server) = error, !error.isTransient, isAlone else { throw error }
        refused[reading.id] = "cannot be read (SQLSTATE \(server.sqlState))"
        throw TableRefused()
      }
    }
    try write(&group, moreFollows: false)
    let captured = Captured(position: group.position, changes: changes, entries: group.entries, bytes: group.bytes)
    try record(captured.position, at: startedAt, &connection)
    for index in readings.indices { readings[index].wholly = false }
    for (id, count) in counts { given[id, default: 0] += count.changes }
    lookedAt = startedAt
    if !isAlone { position = captured.position }
    return captured
  }

  /// Locks the source's record, so that no other process drains, and takes the position from it.
  private mutating func claim(_ connection: inout Connection) throws {
    let result = try connection.query(
      """
      SELECT captured_group > applied_group, captured_group, captured_sequence, captured_nonce, applied_group,
        applied_sequence, applied_nonce
      FROM \(catalogue.source) WHERE source = $1 AND epoch = $2 AND phase = $3 FOR UPDATE
      """, ownerParameters)
    guard result.rowCount == 1 else { throw Self.superseded }
    let first = try result.boolOrNil(0, 0) == true ? 1 : 4
    position = Position(
      group: GroupNumber(try result.int64(0, first)), sequence: ChangeNumber(try result.int64(0, first + 1)),
      nonce: try result.int64(0, first + 2))
    try recover()
  }

  /// Brings the journal to where the target stands: a group beyond it was never committed there.
  private mutating func recover() throws {
    var last = try journal.recover(applied: position).last
    if let beyond = last, beyond.group > position.group {
      guard beyond.group == position.group.next, beyond.direction == .reverse,
        let group = try journal.directory.group(beyond.group)
      else {
        throw Failure(
          .badData,
          "the journal ends at group \(beyond.group), and PostgreSQL, whose writes it holds, at group \(position.group): "
            + "the target was restored from an older state",
          remedy: "bring the target back to where it was; nothing was changed")
      }
      // Backwards: a crash in the middle leaves an unfinished group, which is removed as well.
      try journal.directory.remove(group.parts.reversed())
      last = try journal.recover(applied: position).last
    }
    guard let last, last.group == position.group, last.position != position else { return }
    throw Failure(
      .badData, "group \(position.group) of the journal is not the one that the target gave away",
      remedy: "use the state directory of this source; nothing was changed")
  }

  private struct Count {
    var changes: Int64 = 0
    var isTruncated = false
    var isUntold = false
  }

  private func count(_ connection: inout Connection) throws -> [TableID: Count] {
    guard !readings.isEmpty else { return [:] }
    let looks = readings.compactMap { reading in
      logs[reading.id].map {
        "SELECT \(reading.id.rawValue)::int8, count(*), coalesce(bool_or(op = 4), false), coalesce(bool_or(op > 4), false) FROM \($0)"
      }
    }
    let result = try connection.query(looks.joined(separator: " UNION ALL "))
    var counts: [TableID: Count] = [:]
    for row in 0..<result.rowCount {
      counts[TableID(try result.int64(row, 0))] = Count(
        changes: try result.int64(row, 1), isTruncated: try result.bool(row, 2), isUntold: try result.bool(row, 3))
    }
    return counts
  }

  private mutating func read(
    _ reading: TableReading, _ count: Count, into group: inout Group, _ connection: inout Connection
  ) throws {
    guard let log = logs[reading.id] else { return }
    let isWhole = reading.wholly || count.isUntold
    if isWhole || count.isTruncated { try encoder.replace(reading.journal) }
    if isWhole { try connection.execute("DELETE FROM \(log)") }
    let joins = !isWhole && count.changes <= Self.lookedUpChanges ? "off" : "on"
    try connection.execute("SET LOCAL enable_hashjoin = \(joins); SET LOCAL enable_mergejoin = \(joins)")
    var isFirst = true
    try connection.copyOut(isWhole ? reading.all : reading.drain(log)) { piece in
      guard let row = try CopyRow(piece, isFirst: isFirst) else { return }
      isFirst = false
      try encoder.declare(reading.journal)
      try reading.append(row, to: &encoder)
      if encoder.byteCount >= Self.batchBytes { try write(&group, moreFollows: true) }
    }
    FaultPoint.reach("reverse-read")
  }

  /// A group while its batches are being written.
  private struct Group {
    let number: GroupNumber
    let after: ChangeNumber
    let last: ChangeNumber
    let nonce: Int64
    let fingerprint: UInt64
    var parts: UInt32 = 0
    var entries = 0
    var bytes = 0

    var position: Position { Position(group: number, sequence: last, nonce: nonce) }
  }

  private mutating func write(_ group: inout Group, moreFollows: Bool) throws {
    group.entries += Int(encoder.entryCount)
    group.bytes += encoder.byteCount
    _ = try journal.append(
      BatchHeader(
        direction: .reverse, moreFollows: moreFollows, source: ownership.source, group: group.number,
        part: group.parts, after: group.after, last: group.last, nonce: group.nonce, capturedAt: clock.now,
        previousLookAt: lookedAt, schemaFingerprint: group.fingerprint),
      encoder)
    FaultPoint.reach("reverse-part")
    group.parts += 1
    encoder.removeAll()
  }

  /// Records the position in the transaction that took the log rows.
  private func record(_ position: Position, at time: Instant, _ connection: inout Connection) throws {
    var parameters = ownerParameters
    parameters.append(int64: position.group.rawValue)
    parameters.append(int64: position.sequence.rawValue)
    parameters.append(int64: position.nonce)
    parameters.append(instant: time)
    let result = try connection.query(
      """
      UPDATE \(catalogue.source) SET captured_group = $4, captured_sequence = $5, captured_nonce = $6, captured_at = $7
      WHERE source = $1 AND epoch = $2 AND phase = $3
      """, parameters)
    guard result.affectedRows == 1 else { throw Self.superseded }
  }

  private var ownerParameters: Parameters {
    var parameters = Parameters()
    parameters.append(uuid: ownership.source)
    parameters.append(int64: ownership.epoch)
    parameters.append(text: ownership.phase.rawValue)
    return parameters
  }

  // MARK: The shape

  /// Before the first look, and after a failed one: takes what was remembered on the target, and what its names are now.
  private mutating func recall(_ connection: inout Connection) throws {
    let memory = try ReverseMemory.read(ownership.source, switchID, catalogue, &connection)
    shape = memory?.shape
    let found = try FoundTarget.read(query, &connection)
    take(ShapeComparison(plan, before: shape, found: found, refused: refused))
    fingerprint = ""
  }

  /// Compares the catalogue with what is known; where it moved, remembers what follows, in this transaction.
  private mutating func compareShape(_ connection: inout Connection, isAlone: Bool) throws {
    let now = try FoundTarget.fingerprint(query, &connection)
    comparedAt = .now
    guard now != fingerprint else { return }
    if fingerprint != "" { refused = [:] }
    let locked = Set(readings.map(\.lock))
    let found = try FoundTarget.read(query, &connection)
    let comparison = ShapeComparison(plan, before: shape, found: found, refused: refused)
    // A table that may be drained again, or under another name, was not locked before the snapshot.
    if isAlone, !Set(comparison.readings.map(\.lock)).isSubset(of: locked) {
      take(comparison)
      throw ShapeMoved()
    }
    for (id, names) in comparison.renamedKeys {
      guard let table = plan.tables.first(where: { $0.id == id }) else { continue }
      try connection.execute(ReverseTriggers(table, of: ownership.source, catalogue).functionSQL(keyNames: names))
    }
    try ReverseMemory(shape: comparison.shape, deviations: comparison.deviations).write(
      ownership.source, switchID, fingerprint: now, catalogue, &connection)
    take(comparison)
    shape = comparison.shape
    fingerprint = now
  }

  private mutating func take(_ comparison: ShapeComparison) {
    readings = comparison.readings
    deviations = comparison.deviations
  }

  private var query: FoundTarget.Query {
    FoundTarget.Query(plan, known: shape?.tables.map(\.oid) ?? [], ownership.source, catalogue)
  }

  /// A fingerprint as the journal carries it.
  private static func number(_ fingerprint: String) -> UInt64 { UInt64(fingerprint.prefix(16), radix: 16) ?? 0 }
}
