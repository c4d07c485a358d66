import Capture
import Conversion
import Journal
import Model
import Pipeline
import SQLite
import Schema
import TestSupport
import Testing

@testable import ReverseApply

/// A fenced source, and groups of the target's writes made by hand: fields as the types' send functions give them.
final class ReturnBench {
  let directory: TemporaryDirectory
  let path: String
  /// The connection that applies.
  let database: Database
  let journal: JournalDirectory
  let installation: SourceInstallation
  let plan: TargetPlan
  var applier: ReverseApplier
  private(set) var position: Position
  private var writer: JournalWriter
  private var codecs: [TableID: [ColumnCodec]] = [:]

  /// `prepare` are statements that the application ran; types are chosen as sync chooses them, from the data.
  convenience init(
    _ prepare: String..., journalMode: String = "wal", overrides: Overrides = Overrides(),
    selection: TableSelection = TableSelection(), keyedByRowid: Set<String> = []
  ) throws {
    let directory = try TemporaryDirectory()
    let database = try Database(path: directory.file("shop.db"), access: .create)
    // An encoding must be chosen before the first page is written.
    for statement in prepare where statement.hasPrefix("PRAGMA encoding") { try database.execute(statement) }
    _ = try database.string("PRAGMA journal_mode = \(journalMode)")
    for statement in prepare { try database.execute(statement) }
    try self.init(in: directory, overrides: overrides, selection: selection, keyedByRowid: keyedByRowid)
  }

  /// Installs changeover in the directory's `shop.db`, and fences it.
  init(
    in directory: TemporaryDirectory, overrides: Overrides = Overrides(), selection: TableSelection = TableSelection(),
    keyedByRowid: Set<String> = []
  ) throws {
    self.directory = directory
    path = directory.file("shop.db")
    let database = try Database(path: path, access: .readWrite)
    var catalogue = try SourceCatalogue.read(database, selection: selection)
    for index in catalogue.tables.indices {
      let excluded = overrides.excludedColumns(of: catalogue.tables[index].name)
      catalogue.tables[index].exclude(excluded)
      if keyedByRowid.contains(catalogue.tables[index].name) {
        catalogue.tables[index].key = try #require(KeyChoice.rowidKey(of: catalogue.tables[index]))
      }
    }
    let open = try SourceInstallation.install(catalogue.tables, owner: .random(), in: database)
    let inputs = try open.tables.map { table in
      Planner.Input(
        table: table,
        facts: try TypeScan.scan(table, in: database, overrides: overrides, stop: StopSignal()) { _ in }.facts)
    }
    plan = Planner.plan(inputs, schema: "public", overrides: overrides)
    try database.transaction(.immediate) {
      try open.fence(switchID: .random(), message: "moved", in: $0)
    }
    let installation = try #require(try SourceInstallation.read(database))
    let journal = try JournalDirectory(creating: directory.file("journal"))
    try ReverseApplier.prepare(database)
    applier = try ReverseApplier(journal: journal, plan: plan, installation: installation, in: database)
    writer = JournalWriter(journal, source: installation.source)
    position = installation.base
    self.database = database
    self.journal = journal
    self.installation = installation
    for table in plan.tables { codecs[table.id] = try table.columns.map { try ColumnCodec($0) } }
  }

  // MARK: Groups

  /// What a group says.
  enum Entry {
    /// A row, as images of the source that are turned into what the target has.
    case row(String, [Value])
    /// A row as fields of the target; nil is NULL.
    case fields(String, [[UInt8]?])
    case gone(String, [Value])
    case replace(String)
  }

  /// Journals a group without applying it; parts are cut after so many entries.
  @discardableResult
  func journaled(
    _ entries: [Entry], keysMayRepeat: Bool = false, entriesInPart: Int = .max, changes: Int64 = 1
  ) throws -> JournalGroup {
    _ = try writer.recover()
    let number = (writer.last?.group ?? position.group).next
    let after = writer.last?.last ?? position.sequence
    let last = ChangeNumber(after.rawValue + changes)
    var names: [BatchName] = []
    var rest = entries[...]
    var encoder = EntryEncoder()
    repeat {
      encoder.removeAll()
      for entry in rest.prefix(entriesInPart) { try append(entry, to: &encoder) }
      rest = rest.dropFirst(entriesInPart)
      let header = BatchHeader(
        direction: .reverse, moreFollows: !rest.isEmpty, keysMayRepeat: keysMayRepeat, source: installation.source,
        group: number, part: UInt32(names.count), after: after, last: last, nonce: number.rawValue,
        capturedAt: Instant(microseconds: 2), previousLookAt: Instant(microseconds: 1), schemaFingerprint: 0)
      names.append(try writer.append(header, encoder).name)
    } while !rest.isEmpty
    return JournalGroup(number: number, parts: names)
  }

  /// Journals a group and applies it.
  @discardableResult
  func apply(
    _ entries: [Entry], keysMayRepeat: Bool = false, entriesInPart: Int = .max
  ) throws -> ReverseApplier.Applied {
    try apply(journaled(entries, keysMayRepeat: keysMayRepeat, entriesInPart: entriesInPart))
  }

  @discardableResult
  func apply(_ entries: Entry...) throws -> ReverseApplier.Applied { try apply(entries) }

  @discardableResult
  func apply(_ group: JournalGroup) throws -> ReverseApplier.Applied {
    let applied = try applier.apply(group, after: position, to: database)
    position = applied.position
    return applied
  }

  private func append(_ entry: Entry, to encoder: inout EntryEncoder) throws {
    switch entry {
    case .row(let name, let image):
      try append(.fields(name, fields(name, image)), to: &encoder)
    case .fields(let name, let fields):
      let table = try journalTable(name)
      try encoder.declare(table)
      encoder.beginUpsert(table.id)
      for field in fields { encoder.value(field.map { .blob($0) } ?? .null) }
    case .gone(let name, let key):
      let table = try journalTable(name)
      let fields = try zip(table.keyPositions, key).map { try field(name, $0, $1) }
      try encoder.declare(table)
      encoder.beginDelete(table.id)
      for field in fields { encoder.value(field.map { .blob($0) } ?? .null) }
    case .replace(let name): try encoder.replace(try journalTable(name))
    }
  }

  func tablePlan(_ name: String) throws -> TablePlan { try #require(plan.tables.first { $0.sourceName == name }) }

  func sourceTable(_ name: String) throws -> SourceTable {
    try #require(installation.tables.first { $0.name == name })
  }

  private func journalTable(_ name: String) throws -> JournalTable {
    let plan = try tablePlan(name)
    return JournalTable(
      id: plan.id, name: name, columns: plan.columns.map(\.sourceName), keyPositions: plan.keyPositions)
  }

  /// What the target has of an image.
  func fields(_ table: String, _ image: [Value]) throws -> [[UInt8]?] {
    try image.indices.map { try field(table, $0, image[$0]) }
  }

  func field(_ table: String, _ column: Int, _ value: Value) throws -> [UInt8]? {
    let plan = try tablePlan(table)
    let codec = try #require(codecs[plan.id])[column]
    var buffer = WireBuffer()
    if let misfit = value.withView({ Conversion.append($0, as: codec, to: &buffer) }) {
      throw Failure(.badData, "\(table).\(plan.columns[column].sourceName) \(misfit.reason)", remedy: "\(value)")
    }
    let length = Int32(bigEndian: buffer.bytes.loadUnaligned(as: Int32.self))
    if plan.columns[column].type == .jsonb, case .text(let text) = value,
      let canon = text.withUnsafeBytes({ JSONCanon.text(of: $0) })
    {
      return [1] + canon
    }
    return length < 0 ? nil : Array(buffer.bytes.dropFirst(4))
  }

  func type(of column: String, in table: String) throws -> TargetType {
    try #require(try tablePlan(table).columns.first { $0.sourceName == column }).type
  }

  // MARK: What is there

  /// Rows of a query, value by value with their storage classes.
  func rows(_ sql: String) throws -> [[Value]] {
    var rows: [[Value]] = []
    try database.forEach(sql) { row in rows.append((0..<row.columnCount).map { row.value($0) }) }
    return rows
  }

  /// One value.
  func value(_ sql: String) throws -> Value? { try rows(sql).first?.first }

  /// Table, key, column and reason of all rows in the quarantine.
  func quarantine() throws -> [String] {
    guard try ReverseQuarantine.exists(in: database) else { return [] }
    return try rows(
      "SELECT name || ' ' || key_text || ' ' || coalesce(column_name, '-') || ': ' || reason FROM "
        + "\(SourceNames.quarantine) ORDER BY 1"
    ).map { row in
      guard case .text(let bytes) = row[0] else { return "" }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// The applier of a process that starts now.
  func restart() throws {
    let installation = try #require(try SourceInstallation.read(database))
    applier = try ReverseApplier(journal: journal, plan: plan, installation: installation, in: database)
  }
}

extension Value: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByNilLiteral
{
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .real(value) }
  public init(stringLiteral value: String) { self = .text(value) }
  public init(nilLiteral: ()) { self = .null }
}

/// An integer's bytes, most significant first.
func big<I: FixedWidthInteger>(_ value: I) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
