import Conversion
import Model
import Schema
import TestSupport
import Testing

@testable import Verify

/// Keys of every kind, walked in step where both stores sort them alike, by their hashes where not (case 49).
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct KeyTests {
  struct Keys: Sendable, CustomStringConvertible {
    var description: String
    /// The key's columns in CREATE TABLE, and its constraints; the last column is `n`.
    var columns: String
    var constraint: String
    /// One key for each number.
    var key: @Sendable (Int64) -> [Value]
    var isOrdered: Bool
    /// The type and what names its only spelling.
    var types: [String: (TargetType, Reading)] = [:]
    var prepare = ""
  }

  private static let words = ["a", "B", "é", "É", "漢", "🚚", "\u{FFFD}", "zz", "_", "Z", "ab", "A"]

  private static func word(_ number: Int64) -> Value {
    .text("\(words[Int(number) % words.count])\(words[Int(number / 12) % words.count])\(number)")
  }

  /// A reading that takes only what is spelled as the value.
  private static func spelled(_ type: TargetType, as value: Value, _ reading: Reading = Reading()) -> (
    TargetType, Reading
  ) {
    var reading = reading
    reading.spelling = (try? ColumnCodec(type, reading)).flatMap { codec in
      value.withView { Conversion.spelling(of: $0, as: codec) }
    }
    return (type, reading)
  }

  private static func digits(_ number: Int64, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(count - text.count, 0)) + text
  }

  static let all: [Keys] = [
    Keys(
      description: "text", columns: "k TEXT NOT NULL", constraint: "PRIMARY KEY (k)", key: { [word($0)] },
      isOrdered: true),
    Keys(
      description: "text WITHOUT ROWID", columns: "k TEXT NOT NULL", constraint: "PRIMARY KEY (k DESC)",
      key: { [word($0)] }, isOrdered: true),
    Keys(
      description: "text NOCASE", columns: "k TEXT COLLATE NOCASE NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { [word($0)] }, isOrdered: false),
    Keys(
      description: "text RTRIM", columns: "k TEXT COLLATE RTRIM NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { [word($0)] }, isOrdered: false),
    Keys(
      description: "text in UTF-16", columns: "k TEXT NOT NULL", constraint: "PRIMARY KEY (k)", key: { [word($0)] },
      isOrdered: false, prepare: "PRAGMA encoding = 'UTF-16le'"),
    Keys(
      description: "integers in UTF-16", columns: "k INT NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { [.i($0 * 1_000_003 - 50_000_000)] }, isOrdered: true, prepare: "PRAGMA encoding = 'UTF-16be'"),
    Keys(
      description: "doubles", columns: "k REAL NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { [.real($0 == 100 ? -0.0 : Double($0 - 100) * 1.5e10)] }, isOrdered: true),
    Keys(
      description: "blobs", columns: "k BLOB NOT NULL", constraint: "PRIMARY KEY (k)",
      key: {
        [
          .blob(
            Array(repeating: UInt8($0 % 3) &* 127, count: Int($0 % 5)) + [UInt8(truncatingIfNeeded: $0)] + [
              UInt8($0 >> 8)
            ])
        ]
      },
      isOrdered: true),
    Keys(
      description: "numbers and texts in one column", columns: "k NUMERIC NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { $0 % 2 == 0 ? [.i($0)] : [.text("k\($0)")] }, isOrdered: false, types: ["k": (.keyText, Reading())]),
    Keys(
      description: "UUIDs", columns: "k TEXT NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { [.text("a\(digits($0 * 7_919, 7))-9c0b-4ef8-bb6d-6bb9bd380abc")] }, isOrdered: true,
      types: ["k": spelled(.uuid, as: .text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380abc"))]),
    Keys(
      description: "timestamps", columns: "k TEXT NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { [.text("20\(digits($0 % 90 + 10, 2))-01-02T03:\(digits($0 / 60, 2)):\(digits($0 % 60, 2))")] },
      isOrdered: true, types: ["k": spelled(.timestamp, as: .text("2024-01-02T03:04:05"))]),
    Keys(
      description: "local times", columns: "k TEXT NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { [.text("2024-01-02 03:\(digits($0 / 60, 2)):\(digits($0 % 60, 2))")] },
      isOrdered: false,
      types: ["k": spelled(.timestamptz, as: .text("2024-01-02 03:04:05"), Reading(zone: "Europe/Berlin"))]),
    Keys(
      description: "dates as numbers", columns: "k INT NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { [.i($0 * 86_400 - 8_640_000)] }, isOrdered: true,
      types: ["k": spelled(.date, as: .i(0), Reading(numbers: .seconds))]),
    Keys(
      description: "decimals", columns: "k TEXT NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { [.text("\($0).50")] }, isOrdered: false, types: ["k": spelled(.numeric(nil), as: .text("1.50"))]),
    Keys(
      description: "char(n)", columns: "k TEXT NOT NULL", constraint: "PRIMARY KEY (k)",
      key: { [.text("\($0)")] }, isOrdered: false, types: ["k": (.char(12), Reading())]),
    Keys(
      description: "text and integer", columns: "a TEXT NOT NULL, b INTEGER NOT NULL", constraint: "PRIMARY KEY (a, b)",
      key: { [.text(words[Int($0) % 7]), .i(-$0)] }, isOrdered: true),
    Keys(
      description: "integer and NOCASE text", columns: "a INTEGER NOT NULL, b TEXT COLLATE NOCASE NOT NULL",
      constraint: "PRIMARY KEY (b, a)", key: { [.i($0 % 9), word($0)] }, isOrdered: false),
    Keys(
      description: "the rowid", columns: "k TEXT", constraint: "CHECK (1)", key: { [word($0)] }, isOrdered: true),
  ]

  private static let count: Int64 = 400

  private func stores(_ keys: Keys) throws -> Stores {
    let isWithoutRowid = keys.description.contains("WITHOUT ROWID")
    return try Stores(
      "CREATE TABLE t (\(keys.columns), n INTEGER, \(keys.constraint))\(isWithoutRowid ? " WITHOUT ROWID" : "")",
      rows: (1...Self.count).map { keys.key($0) + [.i($0)] }, columns: keys.types, prepare: keys.prepare)
  }

  /// The key of the row with that number, in the key's order.
  private func key(_ number: Int64, _ stores: Stores, _ keys: Keys) throws -> [Value] {
    if case .rowid = stores.table.key { return [.i(number)] }
    let image = keys.key(number) + [.i(number)]
    return stores.table.keyPositions.map { image[$0] }
  }

  @Test(arguments: all) func `each kind of key`(_ keys: Keys) throws {
    let stores = try stores(keys)
    #expect(try stores.isOrdered() == keys.isOrdered)
    var settings = ComparisonSettings()
    settings.chunkRows = 64
    settings.partRows = 16
    settings.limit = 500
    try stores.expectEqual(settings)
    try stores.expectEqual()

    let order = stores.plan.keyColumns.map { PostgresText.identifier($0.targetName) }.joined(separator: ", ")
    let numbers = try stores.target.query("SELECT n FROM \(stores.name) ORDER BY \(order)")
    let sorted = try (0..<numbers.rowCount).map { try numbers.int64($0, 0) }
    #expect(sorted.count == Int(Self.count))
    // The first, the last, and those at a chunk's border.
    let gone = [sorted[0], sorted[63], sorted[64], sorted[sorted.count - 1]]
    let changed = [sorted[1], sorted[200]]
    let added = [sorted[2], sorted[300], sorted[sorted.count - 2]]
    func list(_ numbers: [Int64]) -> String { numbers.map { String($0) }.joined(separator: ", ") }
    try stores.corrupt(
      target: "DELETE FROM % WHERE n IN (\(list(gone))); UPDATE % SET n = -n WHERE n IN (\(list(changed)))")
    try stores.source.execute("DELETE FROM t WHERE n IN (\(list(added)))")
    func difference(_ number: Int64, _ kind: Difference.Kind) throws -> Difference {
      var difference = Difference(table: "t", key: try key(number, stores, keys), kind: kind)
      if kind == .different { difference.columns = ["n"] }
      return difference
    }
    let expected =
      try gone.map { try difference($0, .missing) } + changed.map { try difference($0, .different) }
      + added.map { try difference($0, .extra) }
    try stores.expect(expected, settings)
    try stores.expect(expected)
    // Each run pauses as soon as it can.
    try expectPaused(expected, stores, settings)
  }

  private func expectPaused(_ expected: [Difference], _ stores: Stores, _ settings: ComparisonSettings) throws {
    var found = Comparison()
    var cursor: [Value]?
    var runs = 0
    repeat {
      let part = try stores.compare(settings, after: cursor, until: .now)
      found.add(part, limit: settings.limit)
      runs += 1
      if case .paused(let place) = part.end { cursor = place } else { cursor = nil }
    } while cursor != nil && runs < 1_000
    #expect(runs > 4)
    #expect(found.differences.map(\.line).sorted() == expected.map(\.line).sorted())
    #expect(found.total == expected.count)
    #expect(found.sourceRows == Self.count - 3 && found.targetRows == Self.count - 4)
  }

  @Test func `a key that was 0.0 and is −0.0 on the target`() throws {
    let stores = try Stores(
      "CREATE TABLE t (k REAL NOT NULL PRIMARY KEY, n INTEGER)", rows: [[.real(0), .i(1)], [.real(1), .i(2)]])
    try stores.corrupt(target: "UPDATE % SET k = '-0' WHERE n = 1")
    try stores.expect([.different(.real(0), in: "k")])
  }

  @Test func `a key of the target that the source cannot have`() throws {
    let stores = try Stores(
      "CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, n INTEGER)", rows: [[.text("2024-01-02"), .i(1)]],
      columns: ["k": Self.spelled(.date, as: .text("2024-01-02"))])
    try stores.corrupt(target: "INSERT INTO % VALUES ('infinity', 2), ('2024-01-03', 3), ('0044-03-15 BC', 4)")
    let found = try stores.compare()
    #expect(found.differences.map(\.key) == [[.text("0044-03-15 BC")], [.text("2024-01-03")], [.text("infinity")]])
    #expect(found.differences.map(\.isKeyOfTarget) == [true, false, true])
  }

  @Test func `keys that hold NULL or do not fit are missing, whichever way the table is walked`() throws {
    for collation in ["BINARY", "NOCASE"] {
      let stores = try Stores(
        "CREATE TABLE t (k TEXT COLLATE \(collation) PRIMARY KEY, n INTEGER)",
        rows: (0..<50).map { [.text("k\($0)"), .i($0)] }, columns: ["k": (.text, Reading())],
        change: { plan in
          plan.columns.removeAll { $0.sourceName == SourceTable.hiddenColumn }
          plan.keyPositions = [0]
          plan.columns[0].notNull = true
        })
      try stores.source.execute("INSERT INTO t VALUES (NULL, 100), (x'6b31', 101), ('a' || char(0), 102)")
      var settings = ComparisonSettings()
      settings.chunkRows = 8
      settings.partRows = 3
      let found = try stores.compare(settings)
      #expect(try stores.isOrdered() == (collation == "BINARY"))
      #expect(
        found.differences.map(\.line).sorted()
          == [Difference.missing(.null), .missing(.blob([0x6B, 0x31])), .missing(.text("a\u{0}"))].map(\.line).sorted())
      #expect(found.sourceRows == 53 && found.targetRows == 50 && found.total == 3)
    }
  }

  @Test func `many rows differ under keys that sort differently`() throws {
    let stores = try Stores(
      "CREATE TABLE t (k TEXT COLLATE NOCASE NOT NULL PRIMARY KEY, n INTEGER)",
      rows: (0..<3_000).map { [.text("key \($0)"), .i($0)] })
    try stores.corrupt(target: "UPDATE % SET n = n + 1 WHERE mod(n, 3) = 0; DELETE FROM % WHERE mod(n, 7) = 5")
    try stores.corrupt(target: "INSERT INTO % SELECT 'extra ' || x, x FROM generate_series(1, 500) AS x")
    let missing = (0..<3_000).filter { ($0 % 3 == 0 ? $0 + 1 : $0) % 7 == 5 }.count
    let different = (0..<3_000).filter { $0 % 3 == 0 && ($0 + 1) % 7 != 5 }.count
    let found = try stores.compare()
    #expect(found.total == Int64(missing + different + 500))
    #expect(found.differences.count == 100)
  }

  @Test func `a walk goes on in a later snapshot`() throws {
    let stores = try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)", rows: (1...100).map { [.i($0), .i($0)] })
    var settings = ComparisonSettings()
    settings.chunkRows = 30
    settings.partRows = 10
    let first = try stores.compare(settings, until: .now)
    guard case .paused(let cursor) = first.end else {
      Issue.record("it did not pause")
      return
    }
    #expect(cursor == [.i(30)] && first.isEqual)
    // Both stores move on; the cursor's row is gone, and what was compared already is not looked at again.
    try stores.source.execute("DELETE FROM t WHERE id = 30; UPDATE t SET n = 0 WHERE id > 60")
    try stores.corrupt(target: "DELETE FROM % WHERE id IN (5, 30); UPDATE % SET n = 0 WHERE id > 60 AND id <> 80")
    let rest = try stores.compare(settings, after: cursor)
    #expect(rest.end == .finished)
    #expect(rest.differences.map(\.line) == [Difference.different(.i(80), in: "n").line])
    #expect(rest.sourceRows == 70 && rest.targetRows == 70)
  }

  @Test func `a cursor that is none is refused`() throws {
    let stores = try Stores("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)", rows: [])
    #expect(throws: Failure.self) { try stores.compare(after: [.text("x")]) }
    let hashed = try Stores("CREATE TABLE t (k TEXT COLLATE NOCASE NOT NULL PRIMARY KEY)", rows: [])
    #expect(throws: Failure.self) { try hashed.compare(after: [.i(-1), .i(5)]) }
  }
}
