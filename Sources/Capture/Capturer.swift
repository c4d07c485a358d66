import Journal
import Model
import SQLite

/// Turns what the application wrote since the last group into the next group of journal batches.
///
/// Each group is one step from a consistent state of the source to a later one: the keys logged since the position, and
/// the current row of each. A key without a row is a delete.
package struct Capturer: ~Copyable {
  /// What one group held.
  package struct Captured: Sendable {
    package let position: Position
    package let entries: Int
    package let bytes: Int
  }

  /// A batch is closed once its entries reach this many bytes, so that memory stays bounded whatever the backlog.
  static let batchBytes = 6 << 20
  /// Changes read at a time in rollback-journal mode, where a reader blocks the writer's commit.
  private static let sliceChanges: Int64 = 2_000
  /// Rows of a table that is copied again read at a time there.
  private static let sliceRows = 1_000

  package let installation: SourceInstallation
  package private(set) var position: Position
  /// When a look last found nothing newer than `position`.
  package private(set) var lookedAt: Instant
  private var journal: JournalWriter
  let clock: any WallClock
  let stop: StopSignal
  var encoder = EntryEncoder()
  private var readers: [TableID: RowReader] = [:]
  /// The connection that the readers were prepared on.
  private var connection: Int?
  private let distinctKeys: String
  private let keyWidth: Int
  private var watch: SchemaWatch
  /// Puts a change of the schema into the words of the journal; nil where none may be captured here.
  private let describe: ((SchemaChange, borrowing Database) throws -> String)?
  /// Called after each part of a group but the last.
  private let partWritten: (() -> Void)?

  /// Prepares to capture from `position` on; the source must still hold the change that the position names.
  package init(
    installation: SourceInstallation, position: Position, journal: JournalDirectory, clock: any WallClock,
    stop: StopSignal, in database: borrowing Database,
    describe: ((SchemaChange, borrowing Database) throws -> String)? = nil, partWritten: (() -> Void)? = nil
  ) throws {
    self.installation = installation
    self.describe = describe
    self.partWritten = partWritten
    self.position = position
    self.journal = JournalWriter(journal, source: installation.source)
    self.clock = clock
    self.stop = stop
    lookedAt = clock.now
    keyWidth = installation.tables.map { TriggerSet.keyWidth(of: $0) }.max() ?? 1
    distinctKeys = Self.distinctKeys(of: installation.tables, width: keyWidth)
    watch = try SchemaWatch(installation: installation, in: database)
  }

  /// Whether there is a change after the position, or the schema moved; one look without a group.
  package mutating func hasNews(in database: borrowing Database) throws(SQLiteError) -> Bool {
    let startedAt = clock.now
    // The nonce too: another history may have come to the same number.
    let isPosition = try database.scalar(
      "SELECT seq = ?1 AND nonce = ?2 FROM \(SourceNames.change) ORDER BY seq DESC LIMIT 1",
      [.integer(position.sequence.rawValue), .integer(position.nonce)])
    guard isPosition == .integer(1) else { return true }
    if try watch.isStale(in: database) { return true }
    lookedAt = startedAt
    return false
  }

  /// Captures and journals everything committed so far as one group; nil where there is nothing new.
  ///
  /// When this returns, the group survives a power cut, and so does what it read from the source.
  package mutating func capture(from database: borrowing Database) throws -> Captured? {
    if connection != database.identity {
      // Prepared on another connection they would read outside this one's transaction.
      readers = [:]
      connection = database.identity
    }
    if describe == nil || database.isInTransaction { return try captureWithoutSteps(database) }
    let isWAL = try database.string("PRAGMA journal_mode") == "wal"
    while true {
      let steps = try PendingSteps(after: position.sequence, in: database)
      // Reads what new columns hold, perhaps for long: not inside the group's transaction.
      let description = try steps.isEmpty ? nil : describe?(steps.change(installation.tables), database)
      if !isWAL { return try captureInSlices(steps, description, database) }
      try database.execute("BEGIN")
      do {
        let isCurrent = try PendingSteps(after: position.sequence, in: database) == steps
        let captured = isCurrent ? try captureInOneTransaction(steps, description, database) : nil
        database.rollback()
        if isCurrent { return captured }
      } catch {
        database.rollback()
        throw error
      }
    }
  }

  /// For who may not carry a change of the schema along: the sync takes it up.
  private mutating func captureWithoutSteps(_ database: borrowing Database) throws -> Captured? {
    do {
      guard try PendingSteps(after: position.sequence, in: database).isEmpty else { throw SchemaMoved() }
      let none = PendingSteps()
      if database.isInTransaction { return try captureInOneTransaction(none, nil, database) }
      guard try database.string("PRAGMA journal_mode") == "wal" else {
        return try captureInSlices(none, nil, database)
      }
      return try database.transaction(.deferred) { database in
        try captureInOneTransaction(none, nil, database)
      }
    } catch is SchemaMoved {
      throw Failure(
        .tryAgain, "the source's schema changed, or a table is to be copied again",
        remedy: "let changeover sync take that up, then try again")
    }
  }

  private mutating func captureInOneTransaction(
    _ steps: PendingSteps, _ description: String?, _ database: borrowing Database
  ) throws -> Captured? {
    let startedAt = clock.now
    guard let newest = try look(database, from: position) else {
      lookedAt = startedAt
      return nil
    }
    var group = OpenGroup(number: position.group.next, after: position.sequence, newest: newest, lookedAt: lookedAt)
    begin(&group, description)
    for table in steps.copied(of: installation.tables) { try copy(table, into: &group, from: database) }
    group.passedOver = steps.copiedTables
    try read(through: newest.sequence, after: position.sequence, into: &group, from: database)
    FaultPoint.reach("group-read")
    try write(&group, moreFollows: false, from: database)
    return finish(group, startedAt: startedAt)
  }

  /// A group's first entry says how the schema changed.
  private mutating func begin(_ group: inout OpenGroup, _ description: String?) {
    guard let description else { return }
    group.changesSchema = true
    encoder.changeSchema(description)
  }

  /// All rows of a table, which replace those that the target has.
  private mutating func copy(
    _ table: SourceTable, into group: inout OpenGroup, from database: borrowing Database
  ) throws {
    let reader = try reader(for: table.id, in: database)
    try encoder.replace(reader.journalTable)
    let rows = try database.prepare("SELECT \(table.imageExpressions) FROM \(SQLiteText.identifier(table.name))")
    try append(rows, of: reader, to: &group, from: database)
  }

  /// Returns how many rows there were.
  @discardableResult
  private mutating func append(
    _ rows: borrowing Statement, of reader: RowReader, to group: inout OpenGroup, from database: borrowing Database
  ) throws -> Int {
    var count = 0
    while try rows.step() {
      count += 1
      if count & 0x3FF == 0 { try stop.check() }
      try reader.encode(row: rows, into: &encoder)
      if encoder.byteCount >= Self.batchBytes { try write(&group, moreFollows: true, from: database) }
    }
    return count
  }

  /// The same where a reader blocks the writer's commit: chunk by chunk. What is written meanwhile is in the changes that
  /// follow, whose images replace those read here.
  private mutating func copyInSlices(
    _ table: SourceTable, into group: inout OpenGroup, _ database: borrowing Database
  ) throws {
    let chunks = ChunkReader(table)
    var cursor: [Value]?
    var isFirst = true
    while true {
      try stop.check()
      try database.execute("BEGIN")
      let count: Int
      do {
        _ = try look(database, from: position)
        let reader = try reader(for: table.id, in: database)
        if isFirst {
          try encoder.replace(reader.journalTable)
          if let nulls = try chunks.nullKeyStatement(in: database) {
            try append(nulls, of: reader, to: &group, from: database)
          }
        }
        let rows = try chunks.statement(after: cursor, limit: Self.sliceRows, in: database)
        var read = 0
        while try rows.step() {
          read += 1
          try reader.encode(row: rows, into: &encoder)
          if read == Self.sliceRows { cursor = chunks.key(of: rows) }
        }
        count = read
        database.rollback()
      } catch {
        database.rollback()
        throw error
      }
      isFirst = false
      if encoder.byteCount >= Self.batchBytes { try write(&group, moreFollows: true, from: database) }
      if count < Self.sliceRows { return }
    }
  }

  private mutating func captureInSlices(
    _ steps: PendingSteps, _ description: String?, _ database: borrowing Database
  ) throws -> Captured? {
    var slices = Slices(group: nil, readThrough: position)
    if let last = steps.last {
      let start = LoggedChange(sequence: position.sequence, nonce: position.nonce)
      var group = OpenGroup(number: position.group.next, after: position.sequence, newest: start, lookedAt: lookedAt)
      group.keysMayRepeat = true
      begin(&group, description)
      for table in steps.copied(of: installation.tables) { try copyInSlices(table, into: &group, database) }
      // Changes of those tables that were logged before their new triggers name keys in the old way.
      group.passedOver = steps.copiedTables
      group.passedThrough = last
      slices.group = group
    }
    while true {
      try stop.check()
      let startedAt = clock.now
      try database.execute("BEGIN")
      do {
        try readSlice(&slices, database)
        database.rollback()
      } catch {
        database.rollback()
        throw error
      }
      guard var group = slices.group else {
        lookedAt = startedAt
        return nil
      }
      // The lock is gone: the application commits while the batch goes to the disk.
      try write(&group, moreFollows: !slices.isFinished, from: database)
      if slices.isFinished { return finish(group, startedAt: startedAt) }
      slices.group = group
    }
  }

  private mutating func readSlice(_ slices: inout Slices, _ database: borrowing Database) throws {
    let from = slices.readThrough
    guard let newest = try look(database, from: from) else {
      slices.isFinished = true
      return
    }
    var end = min(newest.sequence.rawValue, from.sequence.rawValue + Self.sliceChanges)
    if let passed = slices.group?.passedThrough, passed > from.sequence { end = min(end, passed.rawValue) }
    slices.isFinished = end == newest.sequence.rawValue
    let through = slices.isFinished ? newest : try change(ChangeNumber(end), in: database)
    // Not `??`: its autoclosure cannot capture what is not copyable.
    var group = OpenGroup(number: position.group.next, after: position.sequence, newest: through, lookedAt: lookedAt)
    if let open = slices.group { group = open }
    if let passed = group.passedThrough, passed <= from.sequence { group.passedOver = [] }
    group.newest = through
    group.keysMayRepeat = slices.group != nil || !slices.isFinished
    try read(through: through.sequence, after: from.sequence, into: &group, from: database)
    slices.readThrough = Position(group: position.group, sequence: through.sequence, nonce: through.nonce)
    slices.group = group
  }

  /// The newest change, or nil when it is the one at `from`. Throws where the source's history is not the one known.
  private mutating func look(_ database: borrowing Database, from: Position) throws -> LoggedChange? {
    try watch.check(database)
    guard try change(from.sequence, in: database).nonce == from.nonce else {
      throw SourceHistoryError.notContinued(path: database.path, sequence: from.sequence).failure
    }
    let newest = try database.integer("SELECT max(seq) FROM \(SourceNames.change)")
    guard newest > from.sequence.rawValue else { return nil }
    return try change(ChangeNumber(newest), in: database)
  }

  /// Throws where numbers are missing: SQLite's single writer makes them dense.
  private func requireAll(
    after: ChangeNumber, through: ChangeNumber, in database: borrowing Database
  ) throws {
    let count = try database.integer(
      "SELECT count(*) FROM \(SourceNames.change) WHERE seq > ?1 AND seq <= ?2",
      [.integer(after.rawValue), .integer(through.rawValue)])
    guard count == through.rawValue - after.rawValue else {
      throw SourceHistoryError.gap(path: database.path, after: after).failure
    }
  }

  private func change(_ number: ChangeNumber, in database: borrowing Database) throws -> LoggedChange {
    guard
      case .integer(let nonce) = try database.scalar(
        "SELECT nonce FROM \(SourceNames.change) WHERE seq = ?1", [.integer(number.rawValue)])
    else { throw SourceHistoryError.notContinued(path: database.path, sequence: number).failure }
    return LoggedChange(sequence: number, nonce: nonce)
  }

  private mutating func read(
    through: ChangeNumber, after: ChangeNumber, into group: inout OpenGroup, from database: borrowing Database
  ) throws {
    try requireAll(after: after, through: through, in: database)
    let keys = try database.prepare(distinctKeys)
    try keys.bind(after.rawValue, at: 1)
    try keys.bind(through.rawValue, at: 2)
    var current: RowReader?
    var count = 0
    while try keys.step() {
      count += 1
      if count & 0x3FF == 0 { try stop.check() }
      let id = TableID(keys.integer(0))
      if id.rawValue == 0 || group.passedOver.contains(id) { continue }
      if current?.table.id != id {
        // What was logged of a table before it was held, or forgotten.
        guard installation.tables.contains(where: { $0.id == id }) else {
          guard try isKnown(id, in: database) else {
            throw SourceHistoryError.unknownTable(path: database.path, id: id).failure
          }
          continue
        }
        current = try reader(for: id, in: database)
      }
      guard let reader = current else { continue }
      try reader.encode(key: keys, into: &encoder)
      if encoder.byteCount >= Self.batchBytes {
        try write(&group, moreFollows: true, from: database)
      }
    }
  }

  /// Of the tables that were taken up some do not follow now, and some are gone.
  private func isKnown(_ id: TableID, in database: borrowing Database) throws -> Bool {
    try installation.installed.contains { $0.table.id == id }
      || database.scalar("SELECT 1 FROM \(SourceNames.step) WHERE tbl = ?1", [.integer(id.rawValue)]) != nil
  }

  private mutating func reader(for id: TableID, in database: borrowing Database) throws -> RowReader {
    if let reader = readers[id] { return reader }
    guard let table = installation.tables.first(where: { $0.id == id }) else {
      throw SourceHistoryError.unknownTable(path: database.path, id: id).failure
    }
    let reader = try RowReader(table, in: database)
    readers[id] = reader
    return reader
  }

  private mutating func write(
    _ group: inout OpenGroup, moreFollows: Bool, from database: borrowing Database
  ) throws {
    try database.syncLog()
    group.entries += Int(encoder.entryCount)
    group.bytes += encoder.byteCount
    _ = try journal.append(
      BatchHeader(
        direction: .forward, moreFollows: moreFollows, keysMayRepeat: group.keysMayRepeat,
        changesSchema: group.changesSchema && group.parts == 0, source: installation.source, group: group.number,
        part: group.parts, after: group.after,
        last: group.newest.sequence, nonce: group.newest.nonce, capturedAt: clock.now,
        previousLookAt: group.lookedAt, schemaFingerprint: watch.fingerprint),
      encoder)
    group.parts += 1
    encoder.removeAll()
    if moreFollows { partWritten?() }
  }

  private mutating func finish(_ group: OpenGroup, startedAt: Instant) -> Captured {
    position = Position(group: group.number, sequence: group.newest.sequence, nonce: group.newest.nonce)
    lookedAt = startedAt
    return Captured(position: position, entries: group.entries, bytes: group.bytes)
  }

  /// Takes the position from the journal: another process may have captured meanwhile, and a group that was begun and
  /// not finished is cleared away. Call it each time the capture lock was taken.
  /// - Parameter applied: where the target stands, as far as known; a journal that lost its newest batches begins anew there.
  package mutating func resume(applied: Position) throws {
    encoder.removeAll()
    if let journaled = try journal.recover(applied: applied).position { position = journaled }
  }

  /// The distinct keys of a range of changes, table by table in key order, so that row look-ups walk the tables.
  ///
  /// DISTINCT takes 1 and 1.0 for one: where a key column has no typed affinity the storage class is told apart too.
  private static func distinctKeys(of tables: [SourceTable], width: Int) -> String {
    let keys: [[Affinity]] = tables.map { table in
      guard case .columns = table.key else { return [] }
      return table.keyPositions.map { table.columns[$0].affinity }
    }
    let untyped = (0..<width).filter { position in
      keys.contains { $0.indices.contains(position) && $0[position] == .blob }
    }
    let terms = ["tbl"] + (0..<width).map { "k\($0)" } + untyped.map { "typeof(k\($0))" }
    let order = (1...terms.count).map(String.init).joined(separator: ", ")
    return """
      SELECT DISTINCT \(terms.joined(separator: ", ")) FROM \(SourceNames.change)
      WHERE seq > ?1 AND seq <= ?2 ORDER BY \(order)
      """
  }
}

/// A row of the change table without its key.
struct LoggedChange: Sendable {
  let sequence: ChangeNumber
  let nonce: Int64
}

/// A group that is read in several short transactions.
private struct Slices {
  var group: OpenGroup?
  var readThrough: Position
  var isFinished = false
}

/// A group while its batches are being written.
private struct OpenGroup {
  let number: GroupNumber
  let after: ChangeNumber
  var newest: LoggedChange
  let lookedAt: Instant
  var keysMayRepeat = false
  var changesSchema = false
  /// Tables whose changes say nothing that their copies do not, up to a change where there is one.
  var passedOver: Set<TableID> = []
  var passedThrough: ChangeNumber?
  var parts: UInt32 = 0
  var entries = 0
  var bytes = 0

  init(number: GroupNumber, after: ChangeNumber, newest: LoggedChange, lookedAt: Instant) {
    self.number = number
    self.after = after
    self.newest = newest
    self.lookedAt = lookedAt
  }
}
