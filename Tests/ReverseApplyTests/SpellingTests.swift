import Capture
import Conversion
import Model
import SQLite
import Schema
import TestSupport
import Testing

@testable import ReverseApply

/// What stands in the source keeps its spelling and storage class; what is new follows the column's habit (case 48).
struct SpellingTests {
  /// A column and the spellings of its values: each must survive an update of its row, and come back exactly where the row
  /// was gone.
  struct Sample: Sendable, CustomTestStringConvertible {
    var declared: String
    var values: [Value]
    var type: TargetType
    var settings = ColumnSettings()
    var testDescription: String { "\(declared) \(values.first.map { "\($0)" } ?? "")" }
  }

  static let samples: [Sample] = [
    Sample(declared: "BOOLEAN", values: [0, 1], type: .boolean),
    Sample(declared: "BOOLEAN", values: ["t", "f"], type: .boolean),
    Sample(declared: "BOOLEAN", values: ["true", "false"], type: .boolean),
    Sample(declared: "BOOLEAN", values: ["Yes", "No"], type: .boolean),
    Sample(declared: "DATE", values: ["2024-02-29", "1999-12-31"], type: .date),
    Sample(declared: "DATETIME", values: ["2024-02-29 08:00:00", "2024-02-29 08:00:01"], type: .timestamp),
    Sample(declared: "DATETIME", values: ["2024-02-29T08:00:00", "2024-02-29T08:00:00.250"], type: .timestamp),
    Sample(declared: "DATETIME", values: ["2024-02-29 08:00", "2024-03-01 09:10"], type: .timestamp),
    Sample(declared: "TIMESTAMP", values: ["2024-02-29T08:00:00Z", "2024-02-29T08:00:00.250Z"], type: .timestamptz),
    Sample(
      declared: "TIMESTAMPTZ", values: ["2024-02-29 08:00:00+02:00", "2024-02-29 08:00:00.5+02:00"], type: .timestamptz),
    Sample(declared: "TIMESTAMP", values: [1_700_000_000, 1_700_000_001], type: .timestamp),
    Sample(declared: "TIMESTAMP", values: [1_700_000_000_001, 1_700_000_000_000], type: .timestamp),
    Sample(declared: "TIMESTAMP", values: [1_700_000_000_000_001, 1_700_000_000_000_000], type: .timestamp),
    Sample(declared: "TIMESTAMP", values: [1_700_000_000.25, 1_700_000_000.5], type: .timestamp),
    Sample(declared: "TIMESTAMP", values: [2_460_000.75, 2_460_001.25], type: .timestamp),
    Sample(declared: "TIME", values: ["08:30:00", "08:30:00.125"], type: .time),
    Sample(declared: "TIME", values: ["08:30", "23:59"], type: .time),
    Sample(
      declared: "UUID", values: ["f47ac10b-58cc-4372-a567-0e02b2c3d479", "f47ac10b-58cc-4372-a567-0e02b2c3d470"],
      type: .uuid),
    Sample(
      declared: "UUID", values: ["f47ac10b58cc4372a5670e02b2c3d479", "f47ac10b58cc4372a5670e02b2c3d470"], type: .uuid),
    Sample(
      declared: "UUID", values: ["{F47AC10B-58CC-4372-A567-0E02B2C3D479}", "{F47AC10B-58CC-4372-A567-0E02B2C3D470}"],
      type: .uuid),
    Sample(
      declared: "UUID", values: [.blob([UInt8](repeating: 9, count: 16)), .blob([UInt8](repeating: 8, count: 16))],
      type: .uuid),
    Sample(
      declared: "DECIMAL(12,2)", values: [1.1, 12, 12.25], type: .numeric(NumericLimits(precision: 12, scale: 2))),
    Sample(declared: "DECIMAL", values: [1.1, 12, 0.001, 9_007_199_254_740_993], type: .numeric(nil)),
    Sample(
      declared: "TEXT", values: ["1.10", "12.00"], type: .numeric(nil),
      settings: ColumnSettings(type: .numeric(nil))),
    Sample(declared: "JSON", values: ["{\"a\":  1}", "[1,2]"], type: .json),
    Sample(declared: "JSONB", values: ["{\"b\":  1, \"a\": 2}", "[1,2]"], type: .jsonb),
    Sample(declared: "REAL", values: [0.1, 1.0, 5e-300, .real(.infinity)], type: .double),
    Sample(declared: "DOUBLE", values: [1.5, -2.5], type: .double),
    Sample(declared: "INTEGER", values: [.integer(.max), .integer(.min), 0], type: .bigint),
    Sample(declared: "TEXT", values: ["", "é漢🚚", "a"], type: .text),
    Sample(declared: "VARCHAR(3)", values: ["toolong", "b"], type: .text),
    Sample(declared: "BLOB", values: [.blob([]), .blob([0, 255])], type: .bytea),
    Sample(declared: "", values: [1, 2.5], type: .double),
    Sample(declared: "INTEGER", values: [1, 2.5, "x", .blob([1])], type: .anyText),
    Sample(declared: "", values: [.blob([1]), .blob([2])], type: .bytea),
  ]

  private static func bench(_ sample: Sample) throws -> ReturnBench {
    var overrides = Overrides()
    if let type = sample.settings.type { overrides.set("t", "v", at: "the test") { $0.type = type } }
    let directory = try TemporaryDirectory()
    let database = try Database(path: directory.file("shop.db"), access: .create)
    try database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v \(sample.declared), other INTEGER)")
    let insert = try database.prepare("INSERT INTO t (v, other) VALUES (?1, 0)")
    for value in sample.values {
      try insert.bind(value, at: 1)
      try insert.run()
    }
    let bench = try ReturnBench(in: directory, overrides: overrides)
    #expect(try bench.type(of: "v", in: "t") == sample.type, "\(sample)")
    return bench
  }

  @Test(arguments: samples)
  func `an update beside it leaves a value as it is stored`(_ sample: Sample) throws {
    let bench = try Self.bench(sample)
    let before = try bench.rows("SELECT id, v FROM t")
    try bench.apply(before.map { .row("t", [$0[0], $0[1], 7]) })
    #expect(try bench.rows("SELECT id, v FROM t") == before)
    #expect(try bench.rows("SELECT DISTINCT other FROM t") == [[7]])
    #expect(try bench.quarantine() == [])
  }

  @Test(arguments: samples)
  func `a value that comes into another row is spelled as it was`(_ sample: Sample) throws {
    let bench = try Self.bench(sample)
    let before = try bench.rows("SELECT id, v, other FROM t")
    // Each row gets the value of the next one, and new rows come with all of them.
    let shifted = before.indices.map { place -> [Value] in
      [before[place][0], before[(place + 1) % before.count][1], 0]
    }
    let new = before.map { row -> [Value] in
      guard case .integer(let id) = row[0] else { return row }
      return [.integer(id + 100), row[1], 0]
    }
    try bench.apply((shifted + new).map { .row("t", $0) })
    #expect(try bench.quarantine() == [])
    let expected = sample.expected(shifted + new)
    #expect(try bench.rows("SELECT * FROM t ORDER BY id") == expected)
  }

  @Test func `rows that nobody changed are not written at all`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME, ok BOOLEAN, amount DECIMAL(9,2), note TEXT, data JSONB);
      INSERT INTO t VALUES (1, '2024-01-01T00:00:00', 't', 1.5, 'x', '{ }'), (2, 1700000000, 1, '2.50', NULL, NULL)
      """)
    let images = try bench.rows("SELECT * FROM t")
    let before = try bench.value("SELECT total_changes()")
    try bench.apply(images.map { .row("t", $0) })
    // Only the position moved: four settings, deleted and inserted.
    let after = try bench.value("SELECT total_changes()")
    guard case (.integer(let old)?, .integer(let new)?) = (before, after) else { throw Skip() }
    #expect(new - old <= 8)
    #expect(try bench.rows("SELECT * FROM t") == images)
  }

  private struct Skip: Error {}

  @Test func `a decimal that shows more zeros in PostgreSQL is the same number in a numeric column`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v DECIMAL); INSERT INTO t VALUES (1, 1.1), (2, 5)")
    // 1.10 and 5.000, as PostgreSQL shows products.
    let key1 = big(Int64(1)), key2 = big(Int64(2))
    let wide = big(UInt16(2)) + big(Int16(0)) + big(UInt16(0)) + big(UInt16(2)) + big(UInt16(1)) + big(UInt16(1000))
    let five = big(UInt16(1)) + big(Int16(0)) + big(UInt16(0)) + big(UInt16(3)) + big(UInt16(5))
    try bench.apply(.fields("t", [key1, wide]), .fields("t", [key2, five]), .fields("t", [big(Int64(3)), five]))
    #expect(try bench.rows("SELECT * FROM t") == [[1, 1.1], [2, 5], [3, 5]])
    #expect(try bench.quarantine() == [])
  }

  @Test func `a habit survives the rows that showed it`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME); INSERT INTO t VALUES (1, '2024-01-01T00:00:00Z')")
    try bench.apply(.replace("t"))
    #expect(try bench.rows("SELECT * FROM t") == [])
    try bench.restart()
    try bench.apply(.row("t", [1, "2024-05-05 10:00:00+00:00"]))
    #expect(try bench.rows("SELECT * FROM t") == [[1, "2024-05-05T10:00:00Z"]])
  }

  @Test func `the newest rows show the habit`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME, ended DATETIME);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO t SELECT i, CASE WHEN i < 1900 THEN '2024-01-01 00:00:00' ELSE '2024-01-01T00:00:00' END, NULL FROM n;
      UPDATE t SET ended = '2024-01-01T00:00' WHERE id = 5
      """)
    try bench.apply(.row("t", [9_000, "2024-05-05 10:00:00", "2024-05-05 10:00:00"]))
    #expect(
      try bench.rows("SELECT * FROM t WHERE id = 9000") == [[9_000, "2024-05-05T10:00:00", "2024-05-05T10:00"]])
  }

  @Test func `'' that was read as NULL stays where it is`() throws {
    var overrides = Overrides()
    overrides.set("t", "at", at: "the test") { $0.empty = .null }
    overrides.set("t", "must", at: "the test") { $0.empty = .null }
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME, must DATETIME NOT NULL, n INTEGER);
      INSERT INTO t VALUES (1, '', '', 0), (2, NULL, '2024-01-01', 0)
      """, overrides: overrides)
    let (one, two) = (big(Int64(1)), big(Int64(2)))
    try bench.apply(
      .fields("t", [one, nil, nil, one]), .fields("t", [two, nil, nil, one]),
      .fields("t", [big(Int64(3)), nil, nil, one])
    )
    #expect(try bench.rows("SELECT * FROM t") == [[1, "", "", 1], [2, nil, "", 1], [3, nil, "", 1]])
  }

  @Test func `a digits-only UUID is written with dashes where SQLite would take it for a number`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, v UUID);
      INSERT INTO t VALUES (1, 'f47ac10b58cc4372a5670e02b2c3d479')
      """)
    try bench.apply(
      .row("t", [2, "12345678-1234-1234-1234-123456789012"]), .row("t", [1, "02345678-1234-1234-1234-123456789012"]),
      .row("t", [3, "a2345678-1234-1234-1234-123456789012"]))
    #expect(
      try bench.rows("SELECT * FROM t") == [
        [1, "02345678-1234-1234-1234-123456789012"], [2, "12345678-1234-1234-1234-123456789012"],
        [3, "a2345678123412341234123456789012"],
      ])
  }
}

extension SpellingTests.Sample {
  /// What the rows are to be: jsonb comes back as PostgreSQL writes it where the row had another value.
  fileprivate func expected(_ rows: [[Value]]) -> [[Value]] {
    guard type == .jsonb else { return rows }
    return rows.map { row in
      guard case .text(let text) = row[1], let canon = text.withUnsafeBytes({ JSONCanon.text(of: $0) }) else {
        return row
      }
      return [row[0], .text(canon), row[2]]
    }
  }
}
