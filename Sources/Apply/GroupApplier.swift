import Journal
import Model
import Postgres
import Schema

/// Applies journaled groups to the target: one transaction a group, its rows and its position together.
package struct GroupApplier: ~Copyable {
  /// What applying a group came to.
  package struct Applied: Sendable {
    package var position: Position
    package var entries: Int
    package var capturedAt: Instant
    /// Rows put into the quarantine by this group.
    package var quarantined = 0
    /// What the group's change of the schema came to, for people.
    package var notes: [String] = []

    init(_ last: BatchHeader, entries: Int) {
      position = last.position
      self.entries = entries
      capturedAt = last.capturedAt
    }
  }

  /// Up to here a group goes as arrays in one round trip; beyond, through staging tables.
  private static let smallEntries = 5_000
  private static let smallBytes = 4 << 20

  let journal: JournalDirectory
  let catalogue: TargetCatalogue
  let schema: String
  /// What stands on the target; a group may change it.
  package private(set) var plan: TargetPlan
  private(set) var plans: [TableID: TablePlan]
  /// How columns that come are planned; nil where a group that changes the schema is not for the caller to apply.
  let planning: Overrides?
  /// Rows of this source in the quarantine that nobody discarded, as far as known.
  package private(set) var quarantined: Int64
  /// Whether there are not even discarded ones.
  private(set) var quarantineIsEmpty: Bool
  /// Of each table the digest of the last key that was tried again, where there may be more after it.
  var retriedThrough: [TableID: [UInt8]] = [:]

  package init(
    journal: JournalDirectory, record: SourceRecord, catalogue: TargetCatalogue, connection: inout Connection,
    planning: Overrides? = nil
  ) throws(PostgresError) {
    self.planning = planning
    plan = record.plan
    self.journal = journal
    self.catalogue = catalogue
    schema = record.plan.schema
    plans = Dictionary(record.plan.tables.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
    let count = try Quarantine(catalogue, record.source).count(&connection)
    quarantined = count.blocking
    quarantineIsEmpty = count.isEmpty
  }

  mutating func follow(_ plan: TargetPlan) {
    self.plan = plan
    plans = Dictionary(plan.tables.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
  }

  mutating func note(_ count: Quarantine.Count) {
    quarantined = count.blocking
    quarantineIsEmpty = count.isEmpty
  }

  /// Applies a group that follows `position`, and `finishing` statements in the same transaction.
  /// - Throws: `PostgresError`, of which `isSuperseded` means that somebody else owns the source or moved it on.
  package mutating func apply(
    _ group: JournalGroup, after position: Position, as ownership: Ownership, finishing: [String] = [],
    to connection: inout Connection
  ) throws -> Applied {
    var parts = try GroupParts(group, in: journal)
    return try apply(&parts, after: position, as: ownership, finishing: finishing, to: &connection)
  }

  /// The same for a group that may still be in the making: its parts are staged while the next are read and written, and
  /// the transaction ends after the last.
  /// - Throws: `GroupParts.GivenUp` where the group was not finished; nothing of it is on the target then.
  package mutating func apply(
    _ parts: inout GroupParts, after position: Position, as ownership: Ownership, finishing: [String] = [],
    to connection: inout Connection
  ) throws -> Applied {
    guard let first = parts.headers.first else {
      throw Failure(.internalError, "group \(parts.number) has no parts", remedy: "run changeover journal check")
    }
    guard first.after == position.sequence, first.group == position.group.next, first.source == ownership.source,
      first.direction == .forward
    else {
      throw Failure(
        .badData, "group \(parts.number) of the journal does not follow the target's position (\(position.group))",
        remedy: "run changeover journal check; sync --reseed starts over")
    }
    var attempt = Attempt(keysMayRepeat: parts.headers.contains(where: \.keysMayRepeat))
    if first.changesSchema, planning == nil {
      throw Failure(
        .tryAgain, "group \(parts.number) of the journal changes the schema",
        remedy: "let changeover sync apply it, then try again")
    }
    if isSmall(parts, attempt), let rows = try SmallGroup(parts.batch(first), plans: plans, schema: schema) {
      do {
        try send(rows, from: position.group, to: first.position, as: ownership, finishing, &connection)
        return Applied(first, entries: Int(first.entryCount))
      } catch let error as PostgresError where attempt.next(after: error) {}
    }
    let staged = try stage(&parts, from: position.group, as: ownership, attempt, finishing, &connection)
    var applied = Applied(
      parts.headers.last ?? first, entries: parts.headers.reduce(0) { $0 + Int($1.entryCount) })
    (applied.quarantined, applied.notes) = staged
    return applied
  }

  /// Whether a group goes as arrays, in one round trip.
  private func isSmall(_ parts: GroupParts, _ attempt: Attempt) -> Bool {
    guard parts.isWhole, parts.headers.count == 1 else { return false }
    let header = parts.headers[0]
    return !header.changesSchema && plan.holds.isEmpty && header.entryCount <= Self.smallEntries
      && header.rawLength <= Self.smallBytes && !attempt.keysMayRepeat && quarantineIsEmpty
  }

  /// Commits `finishing` without a group, under the same compare-and-set.
  package mutating func commit(
    _ finishing: [String], at position: Position, as ownership: Ownership, to connection: inout Connection
  ) throws {
    try send(nil, from: position.group, to: position, as: ownership, finishing, &connection)
  }

  /// Applies groups that the target has already once more, all in one transaction: only with the last of them is the
  /// target back in the state that its position names.
  package mutating func replay(
    _ groups: [JournalGroup], at position: Position, as ownership: Ownership, to connection: inout Connection
  ) throws {
    guard let last = groups.last else { return }
    for part in groups.flatMap(\.parts) {
      let header = try journal.header(of: part)
      guard header.changesSchema else { continue }
      throw Failure(
        .configuration,
        "group \(header.group) changed the schema: neither it nor what came before can be applied again",
        remedy: "begin after it: --from \(header.group.next)")
    }
    var all = try GroupParts(JournalGroup(number: last.number, parts: groups.flatMap(\.parts)), in: journal)
    _ = try stage(
      &all, from: position.group, to: position, as: ownership, Attempt(keysMayRepeat: true), [], &connection)
  }

  private func send(
    _ rows: SmallGroup?, from: GroupNumber, to: Position, as ownership: Ownership, _ finishing: [String],
    _ connection: inout Connection
  ) throws {
    let local = Self.statements(connection.localSettings)
    // A cutover has the transaction open already, with its locks.
    let begins = connection.transactionStatus == .idle
    do {
      _ = try connection.pipeline { pipeline in
        if begins { try pipeline.add("BEGIN") }
        for statement in local { try pipeline.add(statement) }
        try pipeline.add(
          Ownership.beginning(catalogue), ownership.parameters(from: from, to: to, mustBeClean: rows != nil))
        if let rows { try rows.add(to: &pipeline) }
        for statement in finishing { try pipeline.add(statement) }
        try pipeline.add("COMMIT")
      }
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  private static func statements(_ script: String) -> [String] {
    script.split(separator: ";").map { String($0) }.filter { !$0.allSatisfy(\.isWhitespace) }
  }

  /// The plan of a table that a batch declares; throws where they do not speak of the same columns.
  static func plan(of table: JournalTable, among plans: [TableID: TablePlan]) throws -> TablePlan {
    guard let plan = plans[table.id] else {
      throw Failure(
        .badData, "the journal names a table '\(table.name)' that the target's plan does not know",
        remedy: "sync --reseed starts over")
    }
    // Names, not only their number: a table rebuilt with its columns in another order would be filled crosswise.
    guard table.columns == plan.columns.map(\.sourceName), table.keyPositions == plan.keyPositions else {
      throw Failure(
        .badData, "table '\(table.name)' has other columns in the journal than on the target",
        remedy: "sync --reseed starts over")
    }
    return plan
  }
}
