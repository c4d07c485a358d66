import Apply
import Journal
import Model
import Postgres
import ReverseCapture
import Schema
import SchemaFixtures
import ServerFixtures
import TestSupport

/// A target after its switch, with what was captured from it; gone with the test.
final class Authority {
  let schema: String
  let plan: TargetPlan
  let catalogue: TargetCatalogue
  let source = RandomID.random()
  let journal: JournalDirectory
  /// The application's connection.
  var application: Connection
  /// Ours.
  var connection: Connection
  var record: SourceRecord
  private(set) var capturer: ReverseCapturer
  private(set) var mirror = Mirror()
  private(set) var groups: [ReverseCapturer.Captured] = []
  private let directory: TemporaryDirectory

  convenience init(_ tables: SourceTable..., url: String? = nil, holding: [String: StorageClasses] = [:]) throws {
    try self.init(url: url) {
      Planner.plan(tables.map { Planner.Input($0, holding: holding) }, schema: $0)
    }
  }

  /// - Parameter url: where ours connects to.
  init(url: String? = nil, plan make: (String) -> TargetPlan) throws {
    schema = TestServer.name("r")
    catalogue = .inside(schema)
    plan = make(schema)
    directory = try TemporaryDirectory()
    journal = try JournalDirectory(creating: directory.file("journal"))
    application = try TestServer.connect()
    connection = try TestServer.connect(url)
    let user = try connection.query("SELECT current_user::text").string(0, 0)
    try application.execute("CREATE SCHEMA \(schema) AUTHORIZATION \(user)")
    record = try TargetInstaller.create(
      plan, source: source, label: "test.db", owner: RandomID.random(),
      base: Position(group: GroupNumber(0), sequence: ChangeNumber(1), nonce: 7), catalogue, &connection)
    let ddl = DDL(plan)
    for table in plan.tables {
      try connection.execute(ddl.addKey(table))
      try connection.execute("ALTER TABLE \(ddl.name(of: table)) DISABLE TRIGGER _changeover_fence")
    }
    try connection.execute(
      "UPDATE \(catalogue.source) SET phase = 'switched', switch_id = '\(RandomID.random())'")
    let record = try SourceRecord.read(source, catalogue, &connection) ?? self.record
    self.record = record
    capturer = ReverseCapturer(record: record, catalogue: catalogue, journal: journal, clock: SystemClock())
  }

  deinit {
    guard var admin = try? TestServer.connect() else { return }
    // A test that failed may have left its transaction open.
    try? admin.execute("SET lock_timeout = '5s'; DROP SCHEMA \(schema) CASCADE")
  }

  func name(_ table: SourceTable) -> String {
    PostgresText.identifier(schema, plan.tables.first { $0.id == table.id }?.targetName ?? table.name)
  }

  func log(_ table: SourceTable) -> String { catalogue.log(table.id, of: source) }

  /// Writes as the application does.
  func run(_ sql: String) throws { try application.execute(sql) }

  /// Another process takes up where this one was.
  func restart() throws {
    record = try SourceRecord.read(source, catalogue, &connection) ?? record
    capturer = ReverseCapturer(record: record, catalogue: catalogue, journal: journal, clock: SystemClock())
  }

  func hasNews() throws -> Bool { try capturer.hasNews(&connection) }

  var pending: Int64 { get throws { try capturer.pendingChanges(&connection) } }

  var deviations: [String] { capturer.deviations.map { "\($0.subject) \($0.reason)" } }

  /// Captures once and takes the group into the mirror.
  @discardableResult
  func capture() throws -> ReverseCapturer.Captured? {
    guard let captured = try capturer.capture(from: &connection) else { return nil }
    guard let group = try journal.group(captured.position.group) else {
      throw Mirror.Wrong(description: "group \(captured.position.group) is not in the journal")
    }
    try mirror.apply(group, of: journal)
    groups.append(captured)
    return captured
  }

  /// Captures inside a transaction that `end` then ends.
  func capture(inside begin: String, end: String) throws -> ReverseCapturer.Captured? {
    try connection.execute(begin)
    let captured = try capturer.capture(from: &connection)
    try connection.execute(end)
    return captured
  }

  /// Asks for all rows of a table.
  func request(_ table: SourceTable) throws { try capturer.request(whole: [table.id], &connection) }

  /// The rows of a table as the mirror is to have them, by the names of the source.
  func rows(_ table: SourceTable) throws -> [[Value]: Mirror.Row] {
    guard let plan = plan.tables.first(where: { $0.id == table.id }) else { return [:] }
    let columns = plan.columns.map { PostgresText.identifier($0.targetName) }.joined(separator: ", ")
    let result = try application.query("SELECT \(columns) FROM \(name(table))")
    var rows: [[Value]: Mirror.Row] = [:]
    for row in 0..<result.rowCount {
      let values = try plan.columns.indices.map { column -> Value in
        result.isNull(row, column) ? .null : .blob(try result.bytes(copying: row, column))
      }
      rows[Mirror.key(plan.keyPositions.map { values[$0] })] = Dictionary(
        uniqueKeysWithValues: zip(plan.columns.map(\.sourceName), values))
    }
    return rows
  }

  /// Whether the mirror holds what the table does.
  func isMirrored(_ table: SourceTable) throws -> Bool { try mirror[table.name] == rows(table) }
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
