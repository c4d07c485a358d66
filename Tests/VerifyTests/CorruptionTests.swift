import Model
import Schema
import Testing

@testable import Verify

/// Whatever is planted on either side is found and named, and nothing else.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct CorruptionTests {
  /// A thousand rows in chunks of a hundred, in parts of ten.
  static var settings: ComparisonSettings {
    var settings = ComparisonSettings()
    settings.chunkRows = 100
    settings.partRows = 10
    return settings
  }

  private func stores() throws -> Stores {
    try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, d REAL, s TEXT, b BLOB, at TEXT, flag INTEGER, n TEXT)",
      rows: (1...1_000).map { number in
        [
          .i(number), .real(Double(number) / 7), .text("text \(number)"),
          .blob([1, UInt8(truncatingIfNeeded: number)]),
          .text("2024-01-02 03:04:05.\(100_000 + number)"), .i(number % 2),
          number % 3 == 0 ? .null : .text("\(number).50"),
        ]
      },
      columns: [
        "at": (.timestamp, Reading()), "flag": (.boolean, Reading()), "n": (.numeric(nil), Reading()),
      ])
  }

  @Test func `equal stores are equal`() throws {
    let stores = try stores()
    let found = try stores.compare(Self.settings)
    #expect(found.sourceRows == 1_000 && found.targetRows == 1_000 && found.isEqual && found.end == .finished)
    try stores.expectEqual()
  }

  /// What happens to the target, and what is to be said of it.
  struct Corruption: Sendable, CustomStringConvertible {
    var description: String
    var sql: String
    var expected: [Difference]
  }

  static let onTarget: [Corruption] = [
    Corruption(
      description: "one bit in a double",
      sql: "UPDATE % SET d = d * (1 + 2.220446049250313e-16::float8) WHERE id = 437",
      expected: [.different(.i(437), in: "d")]),
    Corruption(
      description: "a trailing space", sql: "UPDATE % SET s = s || ' ' WHERE id = 100",
      expected: [.different(.i(100), in: "s")]),
    Corruption(
      description: "NULL instead of a text", sql: "UPDATE % SET s = NULL WHERE id = 101",
      expected: [.different(.i(101), in: "s")]),
    Corruption(
      description: "another letter case", sql: "UPDATE % SET s = upper(s) WHERE id = 7",
      expected: [.different(.i(7), in: "s")]),
    Corruption(
      description: "a byte more in a blob", sql: "UPDATE % SET b = b || '\\x00' WHERE id = 8",
      expected: [.different(.i(8), in: "b")]),
    Corruption(
      description: "a timestamp off by a microsecond",
      sql: "UPDATE % SET at = at + interval '1 microsecond' WHERE id = 999", expected: [.different(.i(999), in: "at")]),
    Corruption(
      description: "another boolean", sql: "UPDATE % SET flag = NOT flag WHERE id = 1",
      expected: [.different(.i(1), in: "flag")]),
    Corruption(
      description: "a zero more after the point", sql: "UPDATE % SET n = 4.500 WHERE id = 4",
      expected: [.different(.i(4), in: "n")]),
    Corruption(
      description: "the first row missing", sql: "DELETE FROM % WHERE id = 1", expected: [.missing(.i(1))]),
    Corruption(
      description: "the last row missing", sql: "DELETE FROM % WHERE id = 1000", expected: [.missing(.i(1_000))]),
    Corruption(
      description: "the rows at a chunk's border missing", sql: "DELETE FROM % WHERE id IN (100, 101)",
      expected: [.missing(.i(100)), .missing(.i(101))]),
    Corruption(
      description: "the rows at a part's border missing", sql: "DELETE FROM % WHERE id IN (210, 211)",
      expected: [.missing(.i(210)), .missing(.i(211))]),
    Corruption(
      description: "a whole chunk missing", sql: "DELETE FROM % WHERE id BETWEEN 301 AND 320",
      expected: (301...320).map { .missing(.i($0)) }),
    Corruption(
      description: "extra rows before, between and after",
      sql: "INSERT INTO % SELECT x, 1 FROM unnest(ARRAY[-5, 0, 1001, 99999]) AS x",
      expected: [-5, 0, 1_001, 99_999].map { .extra(.i($0)) }),
    Corruption(
      description: "two rows exchanged a value",
      sql: "UPDATE % SET s = CASE id WHEN 500 THEN 'text 501' ELSE 'text 500' END WHERE id IN (500, 501)",
      expected: [.different(.i(500), in: "s"), .different(.i(501), in: "s")]),
    Corruption(
      description: "two rows exchanged all but their keys",
      sql: """
        UPDATE % AS a SET d = b.d, s = b.s, b = b.b, at = b.at, flag = b.flag, n = b.n FROM % AS b
        WHERE a.id + b.id = 1301 AND a.id IN (650, 651)
        """,
      expected: [
        .different(.i(650), in: "d", "s", "b", "at", "flag", "n"),
        .different(.i(651), in: "d", "s", "b", "at", "flag", "n"),
      ]),
    Corruption(
      description: "a row under another key", sql: "UPDATE % SET id = 5000 WHERE id = 600",
      expected: [.missing(.i(600)), .extra(.i(5_000))]),
    Corruption(
      description: "infinite values", sql: "UPDATE % SET d = 'NaN', at = 'infinity' WHERE id = 9",
      expected: [.different(.i(9), in: "d", "at")]),
  ]

  @Test(arguments: onTarget) func `on the target`(_ corruption: Corruption) throws {
    let stores = try stores()
    try stores.corrupt(target: corruption.sql)
    try stores.expect(corruption.expected, Self.settings)
    try stores.expect(corruption.expected)
  }

  static let onSource: [Corruption] = [
    Corruption(
      description: "one bit in a double", sql: "UPDATE t SET d = d * (1 + 2.220446049250313e-16) WHERE id = 437",
      expected: [.different(.i(437), in: "d")]),
    Corruption(
      description: "the empty text instead of NULL", sql: "UPDATE t SET s = '' WHERE id = 5",
      expected: [.different(.i(5), in: "s")]),
    Corruption(
      description: "a row less", sql: "DELETE FROM t WHERE id = 1000", expected: [.extra(.i(1_000))]),
    Corruption(
      description: "all rows less but one", sql: "DELETE FROM t WHERE id <> 77",
      expected: (1...1_000).filter { $0 != 77 }.map { .extra(.i($0)) }),
    Corruption(
      description: "rows more", sql: "INSERT INTO t (id) VALUES (-9223372036854775808), (1001), (9223372036854775807)",
      expected: [.missing(.i(.min)), .missing(.i(1_001)), .missing(.i(.max))]),
    Corruption(
      description: "a NUL in a text", sql: "UPDATE t SET s = 'text 6' || char(0) WHERE id = 6",
      expected: [.different(.i(6), in: "s")]),
    Corruption(
      description: "a value that does not fit", sql: "UPDATE t SET flag = 7, at = 'soon' WHERE id = 10",
      expected: [.different(.i(10), in: "at", "flag")]),
    Corruption(
      description: "a number in a text column", sql: "UPDATE t SET s = x'3132' WHERE id = 11",
      expected: [.different(.i(11), in: "s")]),
  ]

  @Test(arguments: onSource) func `on the source`(_ corruption: Corruption) throws {
    let stores = try stores()
    try stores.source.execute(corruption.sql)
    var settings = Self.settings
    settings.limit = 1_000
    try stores.expect(corruption.expected, settings)
  }

  @Test func `values that PostgreSQL calls equal and are not the same`() throws {
    let stores = try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, d REAL, s TEXT)",
      rows: [
        [.i(1), .real(0.0), .text("")], [.i(2), .real(-0.0), .null],
        [.i(3), .real(.leastNonzeroMagnitude), .text("é")],
      ])
    try stores.expectEqual()
    try stores.corrupt(target: "UPDATE % SET d = -d")
    try stores.corrupt(target: "UPDATE % SET s = CASE id WHEN 1 THEN NULL WHEN 2 THEN '' ELSE U&'e\\0301' END")
    try stores.expect([
      .different(.i(1), in: "d", "s"), .different(.i(2), in: "d", "s"), .different(.i(3), in: "d", "s"),
    ])
  }

  @Test func `random bits flip in random places`() throws {
    let stores = try stores()
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20 {
      let id = Int64.random(in: 1...1_000, using: &random)
      let bit = Int.random(in: 0..<8, using: &random)
      try stores.corrupt(target: "UPDATE % SET b = set_bit(b, \(bit), 1 - get_bit(b, \(bit))) WHERE id = \(id)")
      try stores.expect([.different(.i(id), in: "b")], Self.settings)
      try stores.corrupt(target: "UPDATE % SET b = set_bit(b, \(bit), 1 - get_bit(b, \(bit))) WHERE id = \(id)")
    }
    try stores.expectEqual(Self.settings)
  }

  @Test func `more is counted than listed`() throws {
    let stores = try stores()
    try stores.corrupt(target: "UPDATE % SET s = 'x' WHERE id > 100; DELETE FROM % WHERE id <= 50")
    var settings = Self.settings
    settings.limit = 7
    let found = try stores.compare(settings)
    #expect(found.total == 950)
    #expect(found.differences.map(\.line) == (1...7).map { Difference.missing(.i($0)).line })
  }

  @Test func `values are told only when asked for`() throws {
    let stores = try stores()
    try stores.corrupt(target: "UPDATE % SET s = 'secret' WHERE id = 3; DELETE FROM % WHERE id = 4")
    #expect(try stores.compare().differences.allSatisfy { $0.values == nil })
    var settings = ComparisonSettings()
    settings.showsValues = true
    let found = try stores.compare(settings).differences
    #expect(
      found.first { $0.kind == .different }?.values == [
        Difference.ColumnValues(column: "s", source: .text("text 3"), target: "secret")
      ])
    let missing = try #require(found.first { $0.kind == .missing }?.values)
    #expect(missing.count == 7 && missing.allSatisfy { $0.target == nil })
    #expect(missing[0].source == .i(4))
  }

  @Test func `empty tables are equal, and rows on one side are not`() throws {
    let stores = try Stores("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", rows: [])
    try stores.expectEqual()
    try stores.corrupt(target: "INSERT INTO % SELECT x, 'v' FROM generate_series(1, 10000) AS x")
    let found = try stores.compare()
    #expect(found.total == 10_000 && found.targetRows == 10_000 && found.sourceRows == 0)
    #expect(found.differences.count == 100 && found.differences[0] == .extra(.i(1)))
    try stores.source.execute(
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 10000) INSERT INTO t SELECT x, 'v' FROM n"
    )
    try stores.expectEqual()
    try stores.corrupt(target: "TRUNCATE %")
    #expect(try stores.compare().total == 10_000)
  }

  @Test func `the stop signal ends a run`() throws {
    let stores = try stores()
    let comparison = try stores.comparison(Self.settings)
    let stop = StopSignal()
    var chunks = 0
    try stores.inSnapshot { target in
      target.stop = stop
      #expect(throws: (any Error).self) {
        try comparison.run(source: stores.source, target: &target) {
          chunks += 1
          if chunks == 2 { stop.request() }
        }
      }
      target.stop = StopSignal()
    }
    try stores.expectEqual(Self.settings)
  }
}
