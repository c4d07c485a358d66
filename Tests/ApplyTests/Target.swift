import Apply
import Glibc
import Journal
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import TestSupport

/// What a test writes into a journal.
enum Change {
  case upsert(SourceTable, [Value])
  case delete(SourceTable, [Value])
}

/// An installed target with a journal before it, gone with the test. Its catalogue stands in the schema of its tables, so
/// that tests in one database do not meet.
final class Target {
  let url: String?
  let schema: String
  let catalogue: TargetCatalogue
  let plan: TargetPlan
  let source = RandomID.random()
  let journal: JournalDirectory
  var connection: Connection
  var record: SourceRecord
  /// The last group applied.
  var position = Position(group: GroupNumber(0), sequence: ChangeNumber(0), nonce: 0)
  /// The last group written.
  private(set) var written = Position(group: GroupNumber(0), sequence: ChangeNumber(0), nonce: 0)
  private var writer: JournalWriter
  private let directory: TemporaryDirectory

  /// - Parameters:
  ///   - url: where to connect to; its role creates and owns everything.
  ///   - isReady: whether keys and indexes are built and the phase is `syncing`.
  convenience init(_ inputs: [Planner.Input], url: String? = nil, isReady: Bool = true) throws {
    try self.init(url: url, isReady: isReady) { Planner.plan(inputs, schema: $0) }
  }

  /// - Parameters:
  ///   - before: statements that run before anything is created, given the schema.
  ///   - make: gives the plan for a schema.
  init(
    url: String? = nil, isReady: Bool = true, before: (String) -> String = { _ in "" },
    plan make: (String) -> TargetPlan
  ) throws {
    self.url = url
    let schema = TestServer.name("t")
    self.schema = schema
    catalogue = .inside(schema)
    plan = make(schema)
    directory = try TemporaryDirectory()
    journal = try JournalDirectory(creating: directory.file("journal"))
    writer = JournalWriter(journal, source: source)
    _ = try writer.recover()
    var connection = try TestServer.connect(url)
    let user = try connection.query("SELECT current_user::text").string(0, 0)
    var admin = try TestServer.connect()
    try admin.execute("CREATE SCHEMA \(schema) AUTHORIZATION \(user); \(before(schema))")
    record = try TargetInstaller.create(
      plan, source: source, label: "test.db", owner: RandomID.random(), base: position, catalogue, &connection)
    if isReady {
      let ddl = DDL(plan)
      for table in plan.tables {
        try connection.execute(ddl.addKey(table))
        for index in table.indexes { _ = try IndexBuilder.build(index, on: table, of: plan, &connection) }
      }
      try TargetPhase(catalogue, source).move(Ownership(record), to: .syncing, &connection)
      record.phase = .syncing
    }
    self.connection = connection
  }

  convenience init(_ table: SourceTable, holding: [String: StorageClasses] = [:], url: String? = nil) throws {
    try self.init([Planner.Input(table, holding: holding)], url: url)
  }

  deinit {
    guard var admin = try? TestServer.connect() else { return }
    // A test that failed may have left its transaction open.
    try? admin.execute("SET lock_timeout = '5s'; DROP SCHEMA \(schema) CASCADE")
  }

  func name(_ table: SourceTable) -> String {
    let plan = plan.tables.first { $0.id == table.id }
    return PostgresText.identifier(schema, plan?.targetName ?? table.name)
  }

  // MARK: The journal

  /// Writes the next group, a part for each list of changes.
  @discardableResult
  func write(parts: [[Change]], keysMayRepeat: Bool = false) throws -> JournalGroup {
    try write(parts.count, keysMayRepeat: keysMayRepeat) { part, encoder in
      for change in parts[part] {
        switch change {
        case .upsert(let table, let image):
          try encoder.declare(table.journal)
          encoder.beginUpsert(table.id)
          for value in image { encoder.value(value) }
        case .delete(let table, let key):
          try encoder.declare(table.journal)
          encoder.beginDelete(table.id)
          for value in key { encoder.value(value) }
        }
      }
    }
  }

  @discardableResult
  func write(_ changes: [Change], keysMayRepeat: Bool = false) throws -> JournalGroup {
    try write(parts: [changes], keysMayRepeat: keysMayRepeat)
  }

  /// Writes the next group, its parts filled by a closure.
  @discardableResult
  func write(
    _ parts: Int, keysMayRepeat: Bool = false, _ fill: (Int, inout EntryEncoder) throws -> Void
  ) throws -> JournalGroup {
    let after = written
    let now = SystemClock().now
    written.group = after.group.next
    written.sequence = ChangeNumber(after.sequence.rawValue + 10)
    written.nonce = Int64.random(in: .min ... .max)
    var encoder = EntryEncoder()
    var names: [BatchName] = []
    for part in 0..<parts {
      try fill(part, &encoder)
      let header = try writer.append(
        BatchHeader(
          direction: .forward, moreFollows: part + 1 < parts, keysMayRepeat: keysMayRepeat, source: source,
          group: written.group, part: UInt32(part), after: after.sequence, last: written.sequence,
          nonce: written.nonce, capturedAt: now, previousLookAt: now, schemaFingerprint: 1), encoder)
      names.append(header.name)
      encoder.removeAll()
    }
    return JournalGroup(number: written.group, parts: names)
  }

  // MARK: Applying

  func applier() throws -> GroupApplier {
    try GroupApplier(journal: journal, record: record, catalogue: catalogue, connection: &connection)
  }

  /// Writes a group and applies it, in whatever way the applier chooses.
  @discardableResult
  func apply(_ changes: [Change], keysMayRepeat: Bool = false) throws -> GroupApplier.Applied {
    try apply(write(changes, keysMayRepeat: keysMayRepeat))
  }

  @discardableResult
  func apply(_ group: JournalGroup, finishing: [String] = []) throws -> GroupApplier.Applied {
    var applier = try applier()
    let applied = try applier.apply(
      group, after: position, as: Ownership(record), finishing: finishing, to: &connection)
    position = applied.position
    return applied
  }

  // MARK: What stands there

  /// The rows that a query gives, as SQLite would hold them.
  func values(_ sql: String) throws -> [[Value]] {
    let result = try connection.query(sql)
    return try (0..<result.rowCount).map { row in
      try (0..<result.columnCount).map { column in
        if result.isNull(row, column) { return .null }
        switch result.columnType(column) {
        case .float8: return .real(try result.double(row, column))
        case .text: return .text(try result.bytes(copying: row, column))
        case .bytea: return .blob(try result.bytes(copying: row, column))
        case .bool: return .integer(try result.bool(row, column) ? 1 : 0)
        default: return .integer(try result.int64(row, column))
        }
      }
    }
  }

  /// A table's rows by its first column.
  func rows(_ table: SourceTable) throws -> [[Value]] { try values("SELECT * FROM \(name(table)) ORDER BY 1") }

  func scalar(_ sql: String) throws -> Value { try values(sql).first?.first ?? .null }

  /// Key, column and reason of what is in the quarantine.
  func quarantine() throws -> [[String?]] {
    try values("SELECT key_text, column_name, reason FROM \(catalogue.quarantine) ORDER BY table_id, key_text").map {
      $0.map { if case .text(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil } }
    }
  }

  /// The position that stands on the target.
  func storedPosition() throws -> Position? { try SourceRecord.read(source, catalogue, &connection)?.applied }

  /// Runs a statement as an application would.
  func run(_ sql: String) throws { try connection.execute(sql) }
}

extension SourceTable {
  /// The table as a batch declares it.
  var journal: JournalTable { JournalTable(id: id, name: name, columns: imageColumns, keyPositions: keyPositions) }
}

/// The PostgresError that a closure throws; nil for none.
func postgresError(_ body: () throws -> Void) throws -> PostgresError? {
  do {
    try body()
    return nil
  } catch let error as PostgresError {
    return error
  }
}

/// The Failure that a closure throws; nil for none.
func failure(_ body: () throws -> Void) throws -> Failure? {
  do {
    try body()
    return nil
  } catch let error as Failure {
    return error
  }
}

extension Value {
  static let one = Value.integer(1)
  static let two = Value.integer(2)
  static let three = Value.integer(3)
}

extension PostgresError {
  var message: String { if case .server(let error) = self { error.message } else { "" } }
}
