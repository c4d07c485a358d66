import Model
import Schema
import TestSupport
import Testing

@testable import Verify

/// Random tables: no false alarm, and what is planted is found.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct RandomTableTests {
  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6, UInt64.random(in: 7 ... .max), UInt64.random(in: 7 ... .max)])
  func `a random table is what it is`(_ seed: UInt64) throws {
    print("random tables: seed \(seed)")
    var random = SeededRandom(seed: seed)
    let keys = [
      "id INTEGER PRIMARY KEY", "id TEXT PRIMARY KEY NOT NULL", "id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL",
    ]
    let declared = ["", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB"]
    let key = random.pick(keys)
    let columns = (0..<(1 + random.below(8))).map { "c\($0) \(random.pick(declared))" }
    var types: [String: (TargetType, Reading)] = [:]
    for number in columns.indices where random.isOne(in: 3) {
      types["c\(number)"] = (random.pick(Self.types), Reading(numbers: random.pick(Reading.Numbers.allCases)))
    }
    let rows = (0..<(1 + random.below(600))).map { number -> [Value] in
      let id: Value = key.contains("TEXT") ? .text("\(random.pick(["a", "B", "é", "_"]))\(number)") : .i(Int64(number))
      return [id] + columns.map { _ in random.value() }
    }
    let stores = try Stores(
      "CREATE TABLE t (\(key), \(columns.joined(separator: ", ")))", rows: rows, columns: types)
    var settings = ComparisonSettings()
    settings.chunkRows = 1 + random.below(200)
    settings.partRows = 1 + random.below(settings.chunkRows)
    settings.limit = 10_000
    let found = try stores.compare(settings)
    // What the copy refused is all that differs.
    let refused = try stores.target.query("SELECT count(*) FROM \(stores.schema).changeover_quarantine").int64(0, 0)
    #expect(found.unexplained == 0, "\(found.differences.filter { !$0.isQuarantined }), seed \(seed)")
    #expect(found.total == refused && found.differences.allSatisfy { $0.kind == .missing }, "seed \(seed)")
    #expect(found.sourceRows == Int64(rows.count) && found.targetRows == found.sourceRows - refused)

    let victims = try stores.target.query("SELECT count(*) FROM \(stores.name)").int64(0, 0)
    try stores.corrupt(target: "DELETE FROM % WHERE ctid IN (SELECT ctid FROM % ORDER BY id LIMIT 3)")
    let again = try stores.compare(settings)
    #expect(again.unexplained == min(victims, 3) && again.total == refused + min(victims, 3), "seed \(seed)")
  }

  private static let types: [TargetType] = [
    .smallint, .integer, .bigint, .real, .double, .numeric(nil), .numeric(NumericLimits(precision: 12, scale: 2)),
    .boolean, .date, .time, .timestamp, .uuid, .json, .jsonb, .bytea, .text, .varchar(5), .char(5), .anyText,
  ]
}

extension SeededRandom {
  fileprivate mutating func value() -> Value {
    switch below(12) {
    case 0: .null
    case 1: .integer(pick([0, 1, -1, 255, 1 << 40, .max, .min]))
    case 2: .integer(Int64(bitPattern: next()) >> Int64(below(63)))
    case 3: .real(pick([0, -0.0, 0.5, 1e300, -1.25, .infinity, 1_700_000_000.5]))
    case 4: .real(Double(Int64(bitPattern: next()) >> 12) / 1_024)
    case 5: .blob((0..<below(30)).map { _ in UInt8(truncatingIfNeeded: next()) })
    case 6: .text(pick(["2024-01-02", "2024-01-02 03:04:05", "12:30", "2024-01-02T03:04:05.678901Z", "24:00"]))
    case 7: .text(pick(["1.10", "-7", "1e5", "007", "12345678901234567890", "0.000"]))
    case 8: .text(pick(["{}", "[1, 2.50]", "{\"b\": 1, \"a\": null}", "\"\\u00e9\"", "{", "{\"a\":1,\"a\":2}"]))
    case 9: .text(pick(["yes", "F", "true", "", " ", "a\u{0}b", "é漢🚚", "abc  "]))
    case 10: .text(Array("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1\(below(10))".utf8))
    default: .text((0..<below(20)).map { _ in UInt8(truncatingIfNeeded: next()) })
    }
  }
}
