import Capture
import Model
import SQLite
import Schema
import TestSupport
import Testing

@testable import ReverseApply

/// Tables of random columns and values, there and back.
struct RandomTests {
  private static let seeds = [UInt64(1), 2, 3, 4, 5, UInt64.random(in: 6 ... .max)]

  @Test(arguments: seeds)
  func `an empty table is filled as it was`(_ seed: UInt64) throws {
    print("filled again: seed \(seed)")
    var random = SeededRandom(seed: seed)
    let table = RandomTable(using: &random)
    let bench = try table.bench()
    let before = try table.rows(bench)
    // Emptied first: what is written comes from the habits alone.
    try bench.apply(.replace("t"))
    #expect(try table.rows(bench) == [])
    try bench.apply(before.map { .row("t", $0) }, entriesInPart: 100)
    let after = try table.rows(bench)
    #expect(try bench.quarantine() == [], "seed \(seed)")
    #expect(after.count == before.count)
    for (old, new) in zip(before, after) {
      for (column, kind) in table.kinds.enumerated() {
        let name = "\(kind.name) in \(table.sql), seed \(seed)"
        if kind.hasOneSpelling { #expect(old[column] == new[column], "\(name)") }
        #expect(try bench.field("t", column, old[column]) == bench.field("t", column, new[column]), "\(name)")
      }
    }
  }

  @Test(arguments: seeds)
  func `only what changed is written`(_ seed: UInt64) throws {
    print("changed in part: seed \(seed)")
    var random = SeededRandom(seed: seed)
    let table = RandomTable(using: &random)
    let bench = try table.bench()
    var expected: [[Value]: [Value]] = [:]
    for row in try table.rows(bench) { expected[table.key(of: row)] = row }
    for _ in 0..<6 {
      var entries: [ReturnBench.Entry] = []
      for (key, row) in expected where random.isOne(in: 3) {
        if random.isOne(in: 6) {
          expected[key] = nil
          entries.append(.gone("t", key))
          continue
        }
        var changed = row
        for column in table.kinds.indices where random.isOne(in: 4) && !table.keyColumns.contains(column) {
          changed[column] = table.kinds[column].value(&random)
        }
        expected[key] = changed
        entries.append(.row("t", changed))
      }
      try bench.apply(entries, entriesInPart: 30)
      #expect(try bench.quarantine() == [], "seed \(seed)")
      let found = try table.rows(bench)
      #expect(found.count == expected.count, "seed \(seed)")
      for row in found {
        let wanted = try #require(expected[table.key(of: row)], "seed \(seed)")
        for (column, kind) in table.kinds.enumerated() {
          let name = "\(kind.name) in \(table.sql), seed \(seed)"
          if kind.hasOneSpelling { #expect(row[column] == wanted[column], "\(name)") }
          #expect(try bench.field("t", column, row[column]) == bench.field("t", column, wanted[column]), "\(name)")
        }
        // From here on what stands there is to stay.
        expected[table.key(of: row)] = row
      }
    }
  }
}

/// A table `t` of random shape with some rows.
private struct RandomTable {
  let kinds: [RandomColumn]
  let keyColumns: [Int]
  let sql: String
  private let inserted: [[Value]]
  private let hasHiddenKey: Bool

  init(using random: inout SeededRandom) {
    var kinds = (0..<4 + random.below(8)).map { _ in random.pick(RandomColumn.all) }
    switch random.below(4) {
    case 0:
      kinds[0] = RandomColumn.key("INTEGER PRIMARY KEY") { .integer(Int64($0) * 7 - 50) }
      keyColumns = [0]
    case 1:
      kinds[0] = RandomColumn.key("TEXT PRIMARY KEY NOT NULL") { .text("k\($0)") }
      keyColumns = [0]
    case 2:
      kinds[0] = RandomColumn.key("TIMESTAMP NOT NULL UNIQUE") {
        .text("2024-01-01T00:00:\($0 % 60 < 10 ? "0" : "")\($0 % 60)")
      }
      keyColumns = [0]
    default: keyColumns = []
    }
    hasHiddenKey = keyColumns.isEmpty
    let columns = kinds.enumerated().map { "c\($0) \($1.declared)" }.joined(separator: ", ")
    let isWithoutRowid = keyColumns == [0] && kinds[0].declared.hasPrefix("TEXT") && random.isOne(in: 2)
    sql = "CREATE TABLE t (\(columns))\(isWithoutRowid ? " WITHOUT ROWID" : "")"
    var rows: [[Value]] = []
    for row in 0..<50 {
      var values: [Value] = []
      for column in kinds.indices {
        values.append(keyColumns == [column] ? kinds[column].keyValue(row) : kinds[column].value(&random))
      }
      rows.append(values)
    }
    inserted = rows
    self.kinds = kinds
  }

  func bench() throws -> ReturnBench {
    let directory = try TemporaryDirectory()
    let database = try Database(path: directory.file("shop.db"), access: .create)
    try database.execute(sql)
    let places = kinds.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
    let insert = try database.prepare("INSERT INTO t VALUES (\(places))")
    for row in inserted {
      try insert.bind(all: row)
      try insert.run()
    }
    let bench = try ReturnBench(in: directory)
    for (column, kind) in kinds.enumerated() {
      if let type = kind.type { #expect(try bench.type(of: "c\(column)", in: "t") == type, "\(kind.name)") }
    }
    return bench
  }

  func rows(_ bench: ReturnBench) throws -> [[Value]] {
    try bench.rows("SELECT *\(hasHiddenKey ? ", rowid" : "") FROM t ORDER BY \(hasHiddenKey ? "rowid" : "c0")")
  }

  func key(of row: [Value]) -> [Value] { hasHiddenKey ? [row[row.count - 1]] : keyColumns.map { row[$0] } }
}

/// What a column holds.
private struct RandomColumn: Sendable {
  var name: String
  var declared: String
  /// Whether one value is always written in one way.
  var hasOneSpelling = true
  /// The type that such data gets; nil where it depends.
  var type: TargetType?
  private var make: @Sendable (inout SeededRandom) -> Value
  private var makeKey: @Sendable (Int) -> Value = { _ in .null }

  func value(_ random: inout SeededRandom) -> Value { random.isOne(in: 8) ? .null : make(&random) }
  func keyValue(_ row: Int) -> Value { makeKey(row) }

  static func key(_ declared: String, _ make: @escaping @Sendable (Int) -> Value) -> RandomColumn {
    var column = RandomColumn(declared, declared, make: { _ in .null })
    column.makeKey = make
    return column
  }

  private init(
    _ name: String, _ declared: String, _ type: TargetType? = nil, mixed: Bool = false,
    make: @escaping @Sendable (inout SeededRandom) -> Value
  ) {
    self.name = name
    self.declared = declared
    self.type = type
    hasOneSpelling = !mixed
    self.make = make
  }

  static let all: [RandomColumn] = [
    RandomColumn("integers", "INTEGER", .bigint) { .integer(Int64(bitPattern: $0.next()) >> Int64($0.below(63))) },
    RandomColumn("doubles", "REAL", .double) { random in
      let real = Double(bitPattern: random.next())
      return real.isFinite && real != 0 ? .real(real) : 0.5
    },
    RandomColumn("text", "TEXT", .text) {
      .text($0.pick(["", "a", "é漢🚚", "007", "1e5", "now", " x ", "NULL", "x'00'"]))
    },
    RandomColumn("bytes", "BLOB", .bytea) { random in
      .blob((0..<random.below(5)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    },
    RandomColumn("0 and 1", "BOOLEAN", .boolean) { .integer(Int64($0.below(2))) },
    RandomColumn("t and f", "BOOLEAN", .boolean) { .text($0.pick(["t", "f"])) },
    RandomColumn("True and False", "BOOL", .boolean) { .text($0.pick(["True", "False"])) },
    RandomColumn("booleans of all kinds", "BOOL", .boolean, mixed: true) { $0.pick([0, 1, "t", "no", "TRUE"]) },
    RandomColumn("dates", "DATE", .date) { .text($0.day) },
    RandomColumn("dates by number", "DATE", .date) { .integer(86_400 * Int64(10_000 + $0.below(5_000))) },
    RandomColumn("space", "DATETIME", .timestamp) { .text("\($0.day) \($0.clock)") },
    RandomColumn("T", "DATETIME", .timestamp) { .text("\($0.day)T\($0.clock)") },
    RandomColumn("Z", "TIMESTAMP", .timestamptz) { .text("\($0.day)T\($0.clock)Z") },
    RandomColumn("offset", "TIMESTAMPTZ", .timestamptz) { .text("\($0.day) \($0.clock)+05:30") },
    RandomColumn("milliseconds", "DATETIME", .timestamp) { .text("\($0.day)T\($0.clock).\(100 + $0.below(900))") },
    RandomColumn("Python", "DATETIME", .timestamp) { random in
      let fraction = random.isOne(in: 2) ? "" : ".\(100_000 + random.below(900_000))"
      return .text("\(random.day) \(random.clock)\(fraction)")
    },
    RandomColumn("times of all kinds", "DATETIME", .timestamp, mixed: true) { random in
      random.pick([
        .text("\(random.day)T\(random.clock)"), .text("\(random.day) \(random.clock)"), .text(random.day),
        .integer(1_700_000_000 + Int64(random.below(1_000))),
      ])
    },
    RandomColumn("epoch seconds", "TIMESTAMP", .timestamp) { .integer(1_000_000_000 + Int64($0.below(900_000_000))) },
    RandomColumn("epoch milliseconds", "TIMESTAMP", .timestamp) {
      .integer(1_000_000_000_000 + Int64($0.below(900_000_000)))
    },
    RandomColumn("Julian days", "TIMESTAMP", .timestamp) { .real(2_450_000.125 + Double($0.below(80_000)) / 8 * 2) },
    RandomColumn("clock", "TIME", .time) { .text($0.clock) },
    RandomColumn("UUIDs", "UUID", .uuid) { .text($0.uuid(separator: "-")) },
    RandomColumn("UUIDs without dashes", "UUID", .uuid) { .text($0.uuid(separator: "")) },
    RandomColumn("UUIDs in capitals", "GUID", .uuid) { .text($0.uuid(separator: "-").uppercased()) },
    RandomColumn("UUIDs as bytes", "UUID", .uuid) { random in
      .blob((0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    },
    RandomColumn("money", "DECIMAL(12,2)", .numeric(NumericLimits(precision: 12, scale: 2))) {
      .real(Double($0.below(1_000_000)) / 100)
    },
    RandomColumn("decimals", "NUMERIC", .numeric(nil)) {
      .real(Double($0.below(1_000_000)) / $0.pick([1, 8, 100, 1e9]))
    },
    RandomColumn("JSON", "JSON", .json) { .text($0.pick(["{}", "{\"a\":  1}", "[1, 2.50]", "null", "\"x\""])) },
    RandomColumn("jsonb", "JSONB", .jsonb) { .text($0.pick(["{}", "{\"a\": 1}", "[1, 2.50]", "null", "\"x\""])) },
    RandomColumn("numbers without affinity", "", .double) { random in
      random.isOne(in: 2) ? .integer(Int64(random.below(100))) : .real(Double(random.below(100)) + 0.25)
    },
    RandomColumn("classes of all kinds", "INTEGER", mixed: true) { $0.pick([1, 2.5, "x", .blob([1, 2]), -7, "y z"]) },
  ]
}

extension SeededRandom {
  fileprivate mutating func two(_ range: Range<Int>) -> String {
    let number = range.lowerBound + below(range.count)
    return number < 10 ? "0\(number)" : "\(number)"
  }

  fileprivate var day: String { mutating get { "20\(two(10..<30))-\(two(1..<13))-\(two(1..<29))" } }
  fileprivate var clock: String { mutating get { "\(two(0..<24)):\(two(0..<60)):\(two(0..<60))" } }

  /// With letters enough that SQLite takes it for no number.
  fileprivate mutating func uuid(separator: String) -> String {
    [8, 4, 4, 4, 12].map { count in "ab" + (2..<count).map { _ in pick(["0", "7", "c", "f"]) }.joined() }
      .joined(separator: separator)
  }
}
