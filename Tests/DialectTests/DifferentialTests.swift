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
        guard Self.isOutOfRange(error, purpose) else {
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
      guard let condition = try? translator.condition(Parser.expression(sql)) else { continue }
      let limit = condition.contains("::numeric") ? "abs(t.id) < 1000000 AND " : ""
      guard let mine = try? Self.values("SELECT n FROM t WHERE \(limit)(\(sql)) ORDER BY n", database)
      else { continue }
      do {
        let theirs = try Self.values("SELECT n::text FROM t WHERE \(limit)(\(condition)) ORDER BY t.n", &server)
        #expect(mine.map(Self.text) == theirs.map { $0 ?? "NULL" }, "seed \(seed): \(sql) ⇒ \(condition)")
      } catch let error as PostgresError {
        if !Self.isOutOfRange(error, .check) { Issue.record("seed \(seed): \(sql) ⇒ \(condition): \(error)") }
      }
    }
  }

  /// PostgreSQL refuses an index over what may change, and so would the translation have to.
  @Test func `conditions of partial indexes are immutable`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = RandomExpression(random: SeededRandom(seed: seed))
    let database = try Database(path: ":memory:", access: .create)
    var server = try TestServer.connect()
    try Self.fill(database, &server, &generator.random, isWide: false)
    try server.execute("TRUNCATE t")
    var made = 0
    for number in 0..<3_000 {
      let sql = number.isMultiple(of: 2) ? generator.condition(2) : "\(generator.any(2)) IS NULL"
      guard let condition = try? Translator(purpose: .predicate, table: Self.table).condition(Parser.expression(sql))
      else { continue }
      do {
        try server.execute("CREATE INDEX i ON t (n) WHERE \(condition); DROP INDEX i")
        made += 1
      } catch {
        // The absolute value of a constant that has none is an error in SQLite, too.
        guard case .server(let server) = error, server.sqlState == "22003" else {
          Issue.record("seed \(seed): \(sql) ⇒ \(condition): \(error)")
          continue
        }
      }
    }
    #expect(made > 100)
  }

  /// Whole selects, in their order; of random rows.
  @Test func `selects give the same rows`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededRandom(seed: seed)
    let database = try Database(path: ":memory:", access: .create)
    var server = try TestServer.connect()
    try Self.fill(database, &server, &random, isWide: false)
    for sql in Self.selects {
      let selected: Translator.Selected
      do { selected = try Translator(purpose: .view, relations: [Self.table]).translate(Parser.select(sql)) } catch {
        Issue.record("\(sql): \(error)")
        continue
      }
      var mine: [[Value]] = []
      try database.forEach(sql) { row in mine.append(selected.columns.indices.map { row.value($0) }) }
      let translator = Translator(purpose: .view, relations: [])
      let list = selected.columns.map { column -> String in
        var value = Translator.translation(of: column)
        value.sql = "v.\(PostgresText.identifier(column.name))"
        return Self.shown(value, translator) ?? value.sql
      }
      do {
        let names = try selected.columns.map { try translator.identifier($0.name) }.joined(separator: ", ")
        let result = try server.query("SELECT \(list.joined(separator: ", ")) FROM (\(selected.sql)) AS v (\(names))")
        #expect(result.rowCount == mine.count, "seed \(seed): \(sql) ⇒ \(selected.sql)")
        for (row, values) in mine.enumerated().prefix(result.rowCount) {
          for (index, value) in values.enumerated() {
            let other = try result.stringOrNil(row, index)
            let isSame = Self.isSame(value, other, selected.columns[index].kind)
            #expect(
              isSame, "seed \(seed), row \(row): \(sql) ⇒ \(selected.sql): \(Self.text(value)), \(other ?? "NULL")")
            if !isSame { break }
          }
        }
      } catch let error as PostgresError {
        Issue.record("seed \(seed): \(sql) ⇒ \(selected.sql): \(error)")
      }
    }
  }

  private static let selects = [
    "SELECT name, id FROM t ORDER BY name, id, made, small",
    "SELECT code, count(*) n FROM t GROUP BY code COLLATE BINARY ORDER BY n DESC, code COLLATE BINARY",
    "SELECT DISTINCT name FROM t ORDER BY 1 DESC",
    "SELECT DISTINCT flag, small FROM t WHERE flag ORDER BY small, flag DESC",
    "SELECT flag, count(*), sum(id), total(small), avg(small), min(name), max(made), count(DISTINCT small) FROM t GROUP BY flag ORDER BY flag",
    "SELECT strftime('%Y-%m', made) AS month, max(price) AS p FROM t GROUP BY month HAVING p > 1 ORDER BY month DESC",
    "SELECT date(made) d, count(*) FROM t WHERE d IS NOT NULL GROUP BY d ORDER BY d",
    "SELECT min(flag), max(flag), sum(flag), avg(flag), count(flag) FROM t",
    "SELECT a.id, b.small FROM t a LEFT JOIN t b ON a.id = b.small + 1 AND b.flag ORDER BY 1, 2, a.name, b.name",
    "SELECT count(*) FROM t b JOIN t c USING (uid) WHERE c.id = b.id",
    "SELECT count(*) FROM t NATURAL JOIN (SELECT small, flag FROM t WHERE small > 1)",
    "SELECT id FROM t UNION SELECT small FROM t INTERSECT SELECT 5 ORDER BY 1",
    "SELECT id FROM t EXCEPT SELECT small FROM t WHERE small IS NOT NULL ORDER BY id DESC",
    "SELECT flag, 'x' AS k FROM t UNION SELECT 1, 'y' ORDER BY k, flag",
    "SELECT name FROM t UNION SELECT 'zz' UNION SELECT NULL ORDER BY name",
    "SELECT price FROM t UNION ALL SELECT 1 UNION ALL SELECT small FROM t ORDER BY 1",
    "SELECT name, row_number() OVER (ORDER BY name, n2) r FROM (SELECT name, id AS n2, small FROM t WHERE id IS NOT NULL) ORDER BY r, name LIMIT 0",
    "SELECT small, sum(small) OVER (PARTITION BY flag ORDER BY small ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) s FROM (SELECT DISTINCT small, flag FROM t) ORDER BY flag, small",
    "SELECT small, rank() OVER (ORDER BY small DESC) r, dense_rank() OVER w d FROM t WINDOW w AS (ORDER BY small) ORDER BY r",
    "SELECT DISTINCT small, lag(small, 1, 0) OVER (ORDER BY small) l FROM (SELECT DISTINCT small FROM t) ORDER BY small",
    "SELECT sum(count(*)) OVER (ORDER BY flag) s FROM t GROUP BY flag ORDER BY s",
    "WITH a(x, y) AS (SELECT small, flag FROM t WHERE flag), b AS (SELECT x FROM a) SELECT x FROM b ORDER BY x",
    "WITH RECURSIVE c(n, s) AS (SELECT 1, 'a' UNION ALL SELECT n + 1, s || 'b' FROM c WHERE n < 10) SELECT * FROM c ORDER BY n",
    "WITH v(a, b) AS (VALUES (1, 'x'), (2, NULL), (3, 'é')) SELECT * FROM v ORDER BY b, a",
    "SELECT (SELECT max(small) FROM t b WHERE b.flag = a.flag) m FROM t a ORDER BY m",
    "SELECT id FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.small = a.id) ORDER BY id",
    "SELECT id FROM t WHERE id IN (SELECT small FROM t WHERE small IS NOT NULL) ORDER BY id",
    "SELECT id FROM t WHERE id NOT IN (SELECT small FROM t) ORDER BY id",
    "SELECT id FROM t ORDER BY id LIMIT 5 OFFSET 2",
    "SELECT id FROM t ORDER BY id DESC NULLS FIRST LIMIT 3, 4",
    "SELECT code FROM t ORDER BY code, code COLLATE BINARY",
    "SELECT upper(name) AS name FROM t ORDER BY name",
    "SELECT t.small, max(t.ratio) FROM t GROUP BY 1 HAVING count(*) > 1 ORDER BY max(t.ratio), t.small",
    "SELECT CASE WHEN small > 3 THEN 'big' ELSE 'small' END AS size, count(*) FROM t GROUP BY size ORDER BY size",
    "SELECT small > 3 AS b, count(*) FROM t GROUP BY b ORDER BY b",
    "SELECT raw, uid, hour, zoned FROM t ORDER BY raw, uid, hour, zoned",
    "SELECT abs(small) + 1 AS a FROM t GROUP BY abs(small) + 1 ORDER BY a",
    "SELECT count(*) FROM t WHERE note = name OR note LIKE 'a%'",
    "SELECT a.small FROM t AS a CROSS JOIN (SELECT 1 AS one UNION ALL SELECT 2) WHERE one = 2 ORDER BY 1",
    "SELECT sum(small) FILTER (WHERE flag) AS s, count(*) FILTER (WHERE name > 'a') FROM t",
    "SELECT group_concat(DISTINCT small) IS NULL AS g FROM t WHERE small = 5",
    "SELECT 1 WHERE 1 = 0",
  ]

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

  /// Reals that overflow are an error in PostgreSQL; 64-bit integers may be one in a view.
  private static func isOutOfRange(_ error: PostgresError, _ purpose: Purpose) -> Bool {
    guard case .server(let server) = error, server.sqlState == "22003" else { return false }
    return server.message.hasPrefix("value out of range") || (purpose == .view && server.message.hasPrefix("bigint"))
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
      // What rounded beside decimals may be an integer again.
      let isWide = integer.magnitude >= 1 << 53 && kind.isNumber
      guard kind.isDouble || kind == .numeric || isWide, let real = Double(right) else { return text(left) == right }
      return abs(Double(integer) - real) <= abs(real) * 1e-15
    case .real(let bits):
      guard kind.isDouble || kind == .numeric, let other = Double(right) else { return false }
      // Beyond 64 bits SQLite rounds the operands.
      let real = Double(bitPattern: bits)
      return other == real || kind == .numeric && abs(real) >= 0x1p63 && abs(other - real) <= abs(real) * 1e-15
    case .text, .blob:
      return !kind.isNumber && text(left).utf8.elementsEqual(right.utf8)
    }
  }
}
