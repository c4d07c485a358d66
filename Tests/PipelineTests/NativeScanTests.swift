import Model
import Pipeline
import SQLite
import Schema
import Testing

/// What types follow from a scan of a real file.
struct NativeScanTests {
  private let bench: ScanBench

  init() throws { bench = try ScanBench() }

  /// The types of all columns but the first, which is the key.
  private func types(_ sql: String, _ overrides: Overrides = Overrides()) throws -> [String] {
    let (table, result) = try bench.scan(sql, overrides)
    let plan = Planner.plan([Planner.Input(table: table, facts: result.facts)], schema: "s", overrides: overrides)
    return plan.tables[0].columns.dropFirst().map(\.type.description)
  }

  /// Cases 27 and 28.
  @Test func `declared types whose values fit`() throws {
    #expect(
      try types(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, b BOOLEAN, d DATE, at DATETIME, zoned TIMESTAMP, tm TIME,
          n DECIMAL(10,2), m MONEY, u UUID, j JSON, jb JSONB, r REAL, i INT, s VARCHAR(3), x BLOB);
        INSERT INTO t VALUES (1, 1, '2024-02-29', '2024-01-02 08:00:00', '2024-01-02T08:00:00+02:00', '08:30:00', 1.10, 5,
          'f47ac10b-58cc-4372-a567-0e02b2c3d479', '{"a": 1}', '{"a": 1}', 0.5, 7, 'toolong', x'00');
        INSERT INTO t (id) VALUES (2);
        """) == [
          "boolean", "date", "timestamp", "timestamptz", "time", "numeric(10,2)", "numeric", "uuid", "json", "jsonb",
          "double precision", "bigint", "text", "bytea",
        ])
  }

  /// Case 27.
  @Test func `Unix times are recognised by their size`() throws {
    let (table, result) = try bench.scan(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, s DATETIME, ms DATETIME, odd DATETIME, j DATETIME);
      INSERT INTO t VALUES (1, 1700000000, 1700000000000, 1700000000, 2460000.5),
        (2, 1600000000, 1600000000123, 0, 2460001.25);
      """)
    let plan = Planner.plan([Planner.Input(table: table, facts: result.facts)], schema: "s").tables[0]
    #expect(plan.columns.map(\.type) == [.bigint, .timestamp, .timestamp, .bigint, .timestamp])
    #expect(plan.columns.map(\.reading.numbers) == [nil, .seconds, .milliseconds, nil, .julianDay])
  }

  @Test func `a value that does not fit is counted with its reason and its key`() throws {
    let (_, result) = try bench.scan(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, d DATE);
      INSERT INTO t VALUES (5, '2024-01-01'), (6, 'soon'), (7, 'later'), (8, '');
      """)
    let tally = try #require(result.facts[1].candidates.first)
    #expect(tally.type == .date)
    #expect(tally.misfits == 3)
    #expect(tally.exampleKey == [.integer(6)])
    #expect(
      tally.byReason == [
        .init(reason: "holds text that is no date", count: 2),
        .init(reason: "holds the empty text, which is no date", count: 1),
      ])
  }

  @Test func `keys keep the one spelling they have`() throws {
    let one = "INSERT INTO t VALUES ('f47ac10b-58cc-4372-a567-0e02b2c3d479'), ('047ac10b-58cc-4372-a567-0e02b2c3d479');"
    let (table, result) = try bench.scan("CREATE TABLE t (id UUID PRIMARY KEY NOT NULL); \(one)")
    let plan = Planner.plan([Planner.Input(table: table, facts: result.facts)], schema: "s").tables[0]
    #expect(plan.columns[0].type == .uuid)
    #expect(plan.columns[0].reading.spelling != nil)
    let database = try Database(path: bench.directory.file("app.db"), access: .readWrite)
    try database.execute("INSERT INTO t VALUES ('F47AC10B-58CC-4372-A567-0E02B2C3D479')")
    let again = try TypeScan.scan(table, in: database, stop: StopSignal()) { _ in }
    let other = Planner.plan([Planner.Input(table: table, facts: again.facts)], schema: "s").tables[0]
    #expect(other.columns[0].type == .keyText)
  }

  @Test func `settings decide how values are read`() throws {
    var overrides = Overrides()
    overrides.setZone("Europe/Berlin", at: "")
    overrides.empty = .null
    overrides.set("t", "d", at: "") { $0.time = .format("%d.%m.%Y") }
    overrides.set("t", "n", at: "") { $0.type = TargetType("numeric(6,1)") }
    #expect(
      try types(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME, d DATE, n REAL);
        INSERT INTO t VALUES (1, '2024-01-02 08:00:00', '29.02.2024', 1.5), (2, '', '', 2.5);
        """, overrides) == ["timestamptz", "date", "numeric(6,1)"])
  }
}
