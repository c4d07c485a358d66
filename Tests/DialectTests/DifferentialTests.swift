import Model
import Postgres
import SQLite
import TestSupport
import Testing

@testable import Dialect

/// What translates must give the same value in both stores, row by row.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL names no server"))
struct DifferentialTests {
  private static let columns = Columns.all.filter { !["email", "data", "loose", "odd"].contains($0.name) }
  private static let table = Relation(name: "t", sql: "t", columns: columns)

  @Test(arguments: [Purpose.view, .check])
  func `random expressions give the same values`(_ purpose: Purpose) throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = RandomExpression(random: SeededRandom(seed: seed))
    let database = try Database(path: ":memory:", access: .create)
    var server = try TestServer.connect()
    // In a view 64-bit integers may overflow, and round beside decimals.
    try Self.fill(database, &server, &generator.random, isWide: purpose != .view)
    let translator = Translator(purpose: purpose, table: Self.table)
    var translated = 0
    for number in 0..<12_000 {
      let depth = 1 + number % 3
      let sql = number.isMultiple(of: 2) ? generator.condition(depth) : generator.any(depth)
      guard let value = try? translator.translate(Parser.expression(sql)) else { continue }
      guard let shown = Self.shown(value, translator) else { continue }
      // Beyond 64 bits SQLite rounds and the translation does not.
      let rows = value.sql.contains("::numeric") ? "FROM t WHERE abs(t.id) < 1000000" : "FROM t"
      let mine: [Value]
      do { mine = try Self.values("SELECT \(sql) \(rows) ORDER BY t.n", database) } catch {
        // What SQLite itself refuses to compute, say abs() of the smallest integer.
        continue
      }
      translated += 1
      let theirs: [String?]
      do {
        theirs = try Self.values("SELECT \(shown) \(rows) ORDER BY t.n", &server)
      } catch let error as PostgresError {
        guard Self.isOutOfRange(error) else {
          Issue.record("seed \(seed): \(sql) ⇒ \(value.sql): \(error)")
          continue
        }
        continue
      }
      for (row, (left, right)) in zip(mine, theirs).enumerated() where !Self.isSame(left, right, value.kind) {
        Issue.record(
          "seed \(seed), row \(row): \(sql) ⇒ \(value.sql): \(Self.text(left)) and \(right ?? "NULL")")
        break
      }
    }
    print("seed \(seed): \(translated) expressions compared")
    #expect(translated > 1_000)
  }

  @Test func `random conditions select the same rows`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = RandomExpression(random: SeededRandom(seed: seed))
    let database = try Database(path: ":memory:", access: .create)
    var server = try TestServer.connect()
    try Self.fill(database, &server, &generator.random, isWide: true)
    let translator = Translator(purpose: .check, table: Self.table)
    for number in 0..<5_000 {
      let sql = number.isMultiple(of: 4) ? generator.number(2) : generator.condition(2)
      guard let condition = try? translator.condition(Parser.expression(sql)),
        let mine = try? Self.values("SELECT n FROM t WHERE \(sql) ORDER BY n", database)
      else { continue }
      do {
        let theirs = try Self.values("SELECT n::text FROM t WHERE \(condition) ORDER BY t.n", &server)
        #expect(mine.map(Self.text) == theirs.map { $0 ?? "NULL" }, "seed \(seed): \(sql) ⇒ \(condition)")
      } catch let error as PostgresError {
        if !Self.isOutOfRange(error) { Issue.record("seed \(seed): \(sql) ⇒ \(condition): \(error)") }
      }
    }
  }

  // MARK: The two tables

  private static func fill(
    _ database: borrowing Database, _ server: inout Connection, _ random: inout SeededRandom, isWide: Bool
  ) throws {
    let types: [String: (sqlite: String, postgres: String)] = [
      "id": ("INTEGER", "bigint"), "small": ("INTEGER", "integer"), "flag": ("BOOLEAN", "boolean"),
      "price": ("DECIMAL(10,2)", "numeric"), "ratio": ("REAL", "double precision"),
      "amount": ("NUMERIC", "double precision"), "name": ("TEXT", "text COLLATE \"C\""),
      "code": ("TEXT COLLATE NOCASE", "text COLLATE \"C\""), "note": ("BLOB", "text COLLATE \"C\""),
      "day": ("DATE", "date"), "made": ("DATETIME", "timestamp"), "precise": ("DATETIME", "timestamp"),
      "zoned": ("TEXT", "timestamptz"), "seconds": ("INTEGER", "timestamp"), "hour": ("TIME", "time"),
      "uid": ("TEXT", "uuid"), "raw": ("BLOB", "bytea"),
    ]
    let names = columns.map(\.name)
    let list = names.joined(separator: ", ")
    let source = names.map { "\($0) \(types[$0]?.sqlite ?? "")" }.joined(separator: ", ")
    try database.execute("CREATE TABLE t (n, \(source))")
    let target = names.map { "\($0) \(types[$0]?.postgres ?? "text")" }.joined(separator: ", ")
    try server.execute("CREATE TEMPORARY TABLE t (n bigint, \(target))")
    try server.execute("SET TIME ZONE 'UTC'")
    for row in 0..<60 {
      let cells = names.map { cell(isWide && $0 == "id" ? "wide" : $0, &random) }
      try database.execute("INSERT INTO t (n, \(list)) VALUES (\(row), \(cells.map(\.sqlite).joined(separator: ", ")))")
      let values = cells.map(\.postgres).joined(separator: ", ")
      try server.execute("INSERT INTO t (n, \(list)) VALUES (\(row), \(values))")
    }
  }

  private static func cell(_ name: String, _ random: inout SeededRandom) -> (sqlite: String, postgres: String) {
    guard !random.isOne(in: 8) else { return ("NULL", "NULL") }
    func both(_ text: String) -> (String, String) { (text, text) }
    let integers = ["0", "1", "-1", "2", "5", "7", "10", "100", "-3", "2147483647", "-2147483648"]
    let wide = ["4294967296", "9007199254740993", "9223372036854775807", "(-9223372036854775807 - 1)", "1700000000"]
    let texts = [
      "", "a", "A", "ab", "Ab", "AB ", "abc", "é", "É", "ß", "a%b", "a_b", "a\\b", "10", "5", "0", "x@y.z", "   ",
      "z''q", "2024-01-01", "😀b", "\u{1}", "[a]", "Zz", "a\nb",
    ]
    let dates = ["2024-01-01", "2024-01-31", "2024-02-29", "1997-12-31", "2023-10-15"]
    let times = ["00:00:00", "12:30:00", "23:59:59"]
    switch name {
    case "wide": return both(random.pick(integers + wide))
    case "small", "id": return both(random.pick(integers))
    case "flag":
      let isTrue = random.isOne(in: 2)
      return (isTrue ? "1" : "0", isTrue ? "true" : "false")
    case "price", "amount": return both(random.pick(["0", "1", "19.99", "20", "2.5", "-1.25", "100", "0.1", "7"]))
    case "ratio":
      return both(
        random.pick(["0.0", "0.5", "1.5", "2.5", "-2.5", "3.0", "1e15", "9007199254740992.0", "-1e300", "0.1"]))
    case "name", "code", "note": return both("'\(random.pick(texts))'")
    case "day": return both("'\(random.pick(dates))'")
    case "hour": return both("'\(random.pick(times))'")
    case "made": return both("'\(random.pick(dates)) \(random.pick(times))'")
    case "precise": return both("'\(random.pick(dates)) \(random.pick(times)).\(random.pick(["000", "500", "999"]))'")
    case "zoned": return both("'\(random.pick(dates))T\(random.pick(times))Z'")
    case "seconds":
      let seconds = random.pick(["0", "1700000000", "-1", "1704067200"])
      return (seconds, "to_timestamp(\(seconds)) AT TIME ZONE 'UTC'")
    case "uid":
      return both(
        random.pick(["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'00000000-0000-0000-0000-000000000000'"]))
    default:
      let digits = random.pick(["", "00", "61", "ff00", "E9"])
      return ("x'\(digits)'", "'\\x\(digits)'")
    }
  }

  // MARK: Values

  private static func values(_ sql: String, _ database: borrowing Database) throws -> [Value] {
    var values: [Value] = []
    try database.forEach(sql) { values.append($0.value(0)) }
    return values
  }

  private static func values(_ sql: String, _ server: inout Connection) throws -> [String?] {
    let result = try server.query(sql)
    return try (0..<result.rowCount).map { try result.stringOrNil($0, 0) }
  }

  private static func isOutOfRange(_ error: PostgresError) -> Bool {
    guard case .server(let server) = error else { return false }
    return server.sqlState == "22003"
  }

  /// The value as text that can be compared; nil for what has none.
  private static func shown(_ value: Translation, _ translator: Translator) -> String? {
    switch value.kind {
    case .jsonValue, .unknown, .json, .jsonb: return nil
    case .bytea: return "encode(\(value.sql), 'hex')"
    case .boolean: return "(\(value.sql))::integer::text"
    default:
      guard value.kind.timeStorage != nil else { return "(\(value.sql))::text" }
      return value.kind.timeStorage?.isText == true
        ? try? translator.text(value).sql : "extract(epoch FROM \(value.sql))::bigint::text"
    }
  }

  private static func text(_ value: Value) -> String {
    switch value {
    case .null: "NULL"
    case .integer(let integer): String(integer)
    case .real(let bits): "\(Double(bitPattern: bits))"
    case .text(let bytes): String(decoding: bytes, as: UTF8.self)
    case .blob(let bytes): bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }

  private static func isSame(_ left: Value, _ right: String?, _ kind: ValueKind) -> Bool {
    guard let right else { return left == .null }
    switch left {
    case .null: return false
    case .integer(let integer):
      if kind.isNumber, String(integer) == right { return true }
      guard kind.isDouble || kind == .numeric, let real = Double(right) else { return text(left) == right }
      return abs(Double(integer) - real) <= abs(real) * 1e-15
    case .real(let bits):
      return (kind.isDouble || kind == .numeric) && Double(right) == Double(bitPattern: bits)
    case .text, .blob:
      return !kind.isNumber && text(left).utf8.elementsEqual(right.utf8)
    }
  }
}
