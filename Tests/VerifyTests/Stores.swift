import Apply
import Capture
import Conversion
import Model
import Postgres
import SQLite
import Schema
import TestSupport
import Testing

@testable import Verify

/// One table in a SQLite file and the same in PostgreSQL, gone with the test.
final class Stores {
  let table: SourceTable
  let plan: TablePlan
  let schema: String
  let source: SQLite.Database
  var target: Connection
  private let directory: TemporaryDirectory
  private let catalogue: TargetCatalogue
  private let sourceID = RandomID.random()

  /// - Parameters:
  ///   - create: the statement that creates the table `t`.
  ///   - columns: types and readings of the target's columns, where they are not what the classes of the rows give.
  ///   - prepare: runs in the new file before anything else.
  ///   - createTarget: the target's table instead of the planned one, given its qualified name.
  init(
    _ create: String, rows: [[Value]], columns: [String: (TargetType, Reading)] = [:], prepare: String = "",
    createTarget: ((String) -> String)? = nil, change: (inout TablePlan) -> Void = { _ in }
  ) throws {
    directory = try TemporaryDirectory()
    source = try SQLite.Database(path: directory.file("source.db"), access: .create)
    try source.execute("\(prepare); PRAGMA journal_mode = WAL; \(create)")
    var table = try #require(try SourceCatalogue.read(source).tables.first { $0.name == "t" })
    table.id = TableID(1)
    self.table = table
    try Self.insert(rows, table, source)

    schema = TestServer.name("v")
    catalogue = .inside(schema)
    var plan = Planner.plan(
      [Planner.Input(table: table, facts: try Self.facts(table, source))], schema: schema
    ).tables[0]
    for index in plan.columns.indices {
      guard let (type, reading) = columns[plan.columns[index].sourceName] else { continue }
      plan.columns[index].type = type
      plan.columns[index].reading = reading
      plan.columns[index].typeSQL = nil
    }
    change(&plan)
    self.plan = plan
    target = try TestServer.connect()
    try target.execute("CREATE SCHEMA \(schema)")
    var created = TargetPlan(schema: schema, tables: [])
    _ = try TargetInstaller.create(
      created, source: sourceID, label: "t", owner: RandomID.random(),
      base: Position(group: GroupNumber(0), sequence: ChangeNumber(0), nonce: 0), catalogue, &target)
    created.tables = [plan]
    let ddl = DDL(created)
    try target.execute(createTarget?(ddl.name(of: plan)) ?? ddl.createTable(plan, withKey: true))
    try copy()
  }

  deinit {
    guard var admin = try? TestServer.connect() else { return }
    try? admin.execute("SET lock_timeout = '5s'; DROP SCHEMA \(schema) CASCADE")
  }

  /// The table's qualified name on the target.
  var name: String { PostgresText.identifier(schema, plan.targetName) }

  private static func insert(_ rows: [[Value]], _ table: SourceTable, _ source: borrowing SQLite.Database) throws {
    guard let first = rows.first else { return }
    let places = first.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
    let statement = try source.prepare("INSERT INTO t VALUES (\(places))")
    try source.execute("BEGIN")
    for row in rows {
      try statement.bind(all: row)
      try statement.run()
    }
    try source.execute("COMMIT")
  }

  private static func facts(_ table: SourceTable, _ source: borrowing SQLite.Database) throws -> [ColumnFacts] {
    var classes = Array(repeating: StorageClasses(), count: table.columns.count)
    var wide = Array(repeating: false, count: table.columns.count)
    let statement = try ChunkReader(table).scan(source)
    while try statement.step() {
      for column in classes.indices {
        classes[column].insert(StorageClasses(statement.storageClass(column)))
        if case .integer(let integer) = statement.value(column), integer.magnitude > 1 << 53 {
          wide[column] = true
        }
      }
    }
    return zip(classes, wide).map { ColumnFacts(classes: $0, hasWideIntegers: $1) }
  }

  /// Copies the source's rows as the first copy does; what does not fit goes to the quarantine.
  private func copy() throws {
    let codecs = try plan.columns.map { try ColumnCodec($0) }
    let written = plan.columns.indices.filter { plan.columns[$0].isWritten }
    let names = written.map { PostgresText.identifier(plan.columns[$0].targetName) }.joined(separator: ", ")
    var buffer = WireBuffer()
    buffer.append(Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0])
    buffer.append(bigEndian: Int64(0))
    var refused: [RefusedRow] = []
    let statement = try ChunkReader(table).scan(source)
    while try statement.step() {
      let start = buffer.count
      buffer.append(bigEndian: Int16(written.count))
      let image = plan.columns.indices.map { statement.value($0) }
      for column in written {
        let misfit = image[column].withView { Conversion.append($0, as: codecs[column], to: &buffer) }
        guard let misfit else { continue }
        buffer.truncate(to: start)
        refused.append(
          RefusedRow(
            table: plan, key: plan.keyPositions.map { image[$0] }, image: image,
            column: plan.columns[column].sourceName, reason: misfit.reason))
        break
      }
    }
    buffer.append(bigEndian: Int16(-1))
    try target.copyIn("COPY \(name) (\(names)) FROM STDIN (FORMAT binary)")
    try target.putCopy(buffer.bytes)
    _ = try target.endCopy()
    try quarantine.add(refused, &target)
    try target.execute("ANALYZE \(name)")
  }

  var quarantine: Quarantine { Quarantine(catalogue, sourceID) }

  // MARK: Comparing

  /// Runs `body` in a snapshot of both stores.
  func inSnapshot<R>(_ body: (inout Connection) throws -> R) throws -> R {
    try source.execute("BEGIN")
    try target.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    defer {
      source.rollback()
      if target.isHealthy { try? target.execute("ROLLBACK") }
    }
    return try body(&target)
  }

  func comparison(_ settings: ComparisonSettings = ComparisonSettings()) throws -> TableComparison {
    try TableComparison(table, plan, schema: schema, refusals: .byTarget(quarantine), settings: settings)
  }

  func compare(
    _ settings: ComparisonSettings = ComparisonSettings(), after cursor: [Value]? = nil,
    until deadline: ContinuousClock.Instant? = nil
  ) throws -> Comparison {
    let comparison = try comparison(settings)
    return try inSnapshot { try comparison.run(after: cursor, until: deadline, source: source, target: &$0) }
  }

  func compare(
    keys: [[Value]], _ settings: ComparisonSettings = ComparisonSettings()
  ) throws -> Comparison {
    let comparison = try comparison(settings)
    return try inSnapshot { try comparison.compare(keys: keys, source: source, target: &$0) }
  }

  /// Whether the keys are walked in step.
  func isOrdered() throws -> Bool {
    KeyOrder.isShared(table, plan, encoding: try source.string("PRAGMA encoding") ?? "")
  }

  /// Runs SQL on the target, `%` being the table.
  func corrupt(target sql: String) throws {
    try target.execute(sql.split(separator: "%", omittingEmptySubsequences: false).joined(separator: name))
  }

  /// Expects just these differences, in whatever order.
  func expect(
    _ expected: [Difference], _ settings: ComparisonSettings = ComparisonSettings(),
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = try compare(settings)
    #expect(
      found.differences.map(\.line).sorted() == expected.map(\.line).sorted(), sourceLocation: sourceLocation)
    #expect(found.total == expected.count, sourceLocation: sourceLocation)
    #expect(found.end == .finished, sourceLocation: sourceLocation)
    // Row by row it is the same.
    let keys = expected.filter { !$0.isKeyOfTarget }
    let again = try compare(keys: keys.map(\.key), settings)
    #expect(again.differences.map(\.line).sorted() == keys.map(\.line).sorted(), sourceLocation: sourceLocation)
  }

  func expectEqual(
    _ settings: ComparisonSettings = ComparisonSettings(), sourceLocation: SourceLocation = #_sourceLocation
  ) throws { try expect([], settings, sourceLocation: sourceLocation) }
}

extension Difference {
  var line: String {
    "\(key) \(kind) \(columns)\(quarantine.map { " \($0)" } ?? "")\(lossyColumns.isEmpty ? "" : " lossy \(lossyColumns)")"
  }

  static func missing(_ key: Value..., quarantine: QuarantineState? = nil) -> Difference {
    var difference = Difference(table: "t", key: key, kind: .missing)
    difference.quarantine = quarantine
    return difference
  }

  static func extra(_ key: Value...) -> Difference { Difference(table: "t", key: key, kind: .extra) }

  static func different(_ key: Value..., in columns: String...) -> Difference {
    var difference = Difference(table: "t", key: key, kind: .different)
    difference.columns = columns
    return difference
  }
}

extension Value {
  static func i(_ integer: Int64) -> Value { .integer(integer) }
}
