import Model
import TestSupport
import Testing

@testable import Dialect

struct ParserTests {
  private func parsed(_ sql: String) throws -> Expression { try Parser.expression(sql) }

  @Test(arguments: [
    ("1 + 2 * 3", "1 + (2 * 3)"),
    ("1 - 2 - 3", "(1 - 2) - 3"),
    ("a || b * c", "(a || b) * c"),
    ("a OR b AND c", "a OR (b AND c)"),
    ("NOT a = b", "NOT (a = b)"),
    ("NOT a AND b", "(NOT a) AND b"),
    ("a = b < c", "a = (b < c)"),
    ("a < b & c", "a < (b & c)"),
    ("a & b + c", "a & (b + c)"),
    ("a = b IS c", "(a = b) IS c"),
    ("a == b", "a = b"),
    ("a != b", "a <> b"),
    ("-a || b", "(-a) || b"),
    ("-a COLLATE nocase", "(-a) COLLATE nocase"),
    ("a || b COLLATE nocase", "a || (b COLLATE nocase)"),
    ("a NOTNULL", "NOT (a ISNULL)"),
    ("a NOT NULL", "a IS NOT NULL AND 1"),
    ("a IS NOT DISTINCT FROM b", "a IS b"),
    ("a IS DISTINCT FROM b", "a IS NOT b"),
    ("a NOT IN (1, 2)", "NOT (a IN (1, 2))"),
    ("a NOT LIKE b", "NOT (a LIKE b)"),
    ("a BETWEEN 1 AND 2 AND b", "(a BETWEEN 1 AND 2) AND b"),
    ("a LIKE b || c ESCAPE 'x'", "a LIKE (b || c) ESCAPE 'x'"),
    ("a IN t", "a IN (SELECT * FROM t)"),
    ("[a] = `b`", "\"a\" = \"b\""),
    ("a -> 'x' ->> 'y'", "(a -> 'x') ->> 'y'"),
  ])
  func `operators bind as SQLite binds them`(_ text: String, _ explicit: String) throws {
    guard text != "a NOT NULL" else {
      #expect(try parsed(text) == parsed("a NOTNULL"))
      return
    }
    let (one, other) = (try parsed(text), try parsed(explicit))
    // A name in double quotes may be a string; that difference is not meant here.
    if text.hasPrefix("[") {
      #expect(
        one
          == .binary(
            .equal, .column(ColumnReference(table: nil, name: "a")), .column(ColumnReference(table: nil, name: "b"))))
    } else {
      #expect(one == other)
    }
  }

  @Test func `literals have SQLite's values`() throws {
    #expect(try parsed("0x10") == .literal(.integer(16)))
    #expect(try parsed("0xFFFFFFFFFFFFFFFF") == .literal(.integer(-1)))
    #expect(try parsed("9223372036854775807") == .literal(.integer(.max)))
    #expect(try parsed("-9223372036854775808") == .literal(.integer(.min)))
    #expect(try parsed("9223372036854775808") == .literal(.real(9.223372036854775808e18)))
    #expect(try parsed(".5") == .literal(.real(0.5)))
    #expect(try parsed("5.") == .literal(.real(5)))
    #expect(try parsed("5.e2") == .literal(.real(500)))
    #expect(try parsed("1E-2") == .literal(.real(0.01)))
    #expect(try parsed("x'00fF'") == .literal(.blob([0, 255])))
    #expect(try parsed("'it''s'") == .literal(.string("it's")))
    #expect(try parsed("TRUE") == .literal(.boolean(true)))
    #expect(try parsed("current_timestamp") == .literal(.currentTimestamp))
    #expect(try parsed("\"a\"\"b\"") == .column(ColumnReference(table: nil, name: "a\"b", mayBeString: true)))
    #expect(try parsed("main.t.c") == .column(ColumnReference(table: "t", name: "c")))
  }

  @Test(arguments: [
    "", "1 +", "(1", "1)", "a b", "'open", "\"open", "[open", "1_000", "0x", "0xG", "1e", "x'0'", "x'0g'", "CASE END",
    "CASE WHEN 1 END", "a BETWEEN 1", "CAST(a)", "NOT", "a IN (", "f(", "f(a,)", "1 2", "a.", "a..b", "?1", ":name",
    "@name", "#", "RAISE(IGNORE)", "SELECT 1", "EXISTS a", "1e999", "a IS", "--", "/*", ";", ",", "\u{0}", "é'",
  ])
  func `what is no expression is refused`(_ text: String) {
    #expect(throws: SyntaxError.self) { try parsed(text) }
  }

  /// SQLite's own limit is 1,000 levels; ours keeps the stack small.
  @Test func `deep nesting is refused before the stack ends`() {
    let count = 100_000
    func many(_ text: String) -> String { String(repeating: text, count: count) }
    let texts = [
      many("(") + "1" + many(")"), many("("), many("-") + "1", many("- ") + "1", many("NOT ") + "1", "1" + many(" + 1"),
      "1" + many(" AND 1"), "a" + many(" COLLATE nocase"), "a" + many(" ISNULL"), many("CASE WHEN ") + "1", many("f("),
      many("(SELECT ") + "1" + many(")"), many("EXISTS (SELECT ") + "1", "1" + many(" || 1"), "a" + many(" IN (1)"),
      many("CAST("), "f() OVER " + many("(PARTITION BY f() OVER "), "a" + many(" NOT NULL"), "1" + many(" IS 1"),
      many("a BETWEEN 1 AND "), many("a LIKE ") + "a",
    ]
    for text in texts { #expect(throws: SyntaxError.self) { try parsed(text) } }
    #expect(throws: SyntaxError.self) { try Parser.select("SELECT 1 FROM " + many("(") + "t" + many(")")) }
    #expect(throws: SyntaxError.self) { try Parser.select("SELECT 1 FROM t" + many(", t")) }
    #expect(throws: SyntaxError.self) { try Parser.select("SELECT 1" + many(" UNION SELECT 1")) }
    #expect(throws: SyntaxError.self) { try Parser.select(many("WITH a AS (") + "SELECT 1") }
    #expect(throws: SyntaxError.self) { try Parser.createTable("CREATE TABLE t (a CHECK (" + many("(")) }
  }

  @Test func `long lists are no nesting`() throws {
    let list = (0..<50_000).map(String.init).joined(separator: ", ")
    guard case .inList(_, let elements) = try parsed("a IN (\(list))") else {
      Issue.record("no list")
      return
    }
    #expect(elements.count == 50_000)
  }

  @Test func `a table keeps all that is declared`() throws {
    let table = try Parser.createTable(
      """
      CREATE TABLE IF NOT EXISTS main."t 1" (
        id INTEGER PRIMARY KEY DESC ON CONFLICT REPLACE AUTOINCREMENT, -- the key
        [a b] DECIMAL(10, 2) NOT NULL ON CONFLICT IGNORE DEFAULT -1.5 CHECK ("a b" > 0),
        `c` TEXT COLLATE NOCASE CONSTRAINT short CHECK (length(c) < 9) UNIQUE,
        'd' UNSIGNED BIG INT DEFAULT (1 + 1) REFERENCES p (x) ON DELETE SET NULL ON UPDATE CASCADE
          DEFERRABLE INITIALLY DEFERRED,
        e DEFAULT pending, f DEFAULT CURRENT_TIMESTAMP, g INT GENERATED ALWAYS AS (id * 2) STORED,
        h AS (id) VIRTUAL, i DEFAULT "x" NULL,
        CONSTRAINT one UNIQUE (c COLLATE BINARY DESC, e) ON CONFLICT ROLLBACK
        CHECK (id > 0), FOREIGN KEY (c, e) REFERENCES q ON DELETE NO ACTION NOT DEFERRABLE
      ) STRICT, WITHOUT ROWID;
      """)
    #expect(table.name == "t 1")
    #expect(table.columns.map(\.name) == ["id", "a b", "c", "d", "e", "f", "g", "h", "i"])
    #expect(
      table.columns.map(\.type) == ["INTEGER", "DECIMAL(10, 2)", "TEXT", "UNSIGNED BIG INT", "", "", "INT", "", ""])
    #expect(table.isStrict && table.isWithoutRowid)
    let kinds = table.columns.map { $0.constraints.map(\.kind) }
    #expect(kinds[0] == [.primaryKey(isDescending: true, .replace, isAutoincrement: true)])
    #expect(kinds[1].prefix(2) == [.notNull(.ignore), .defaultValue(.literal(.real(-1.5)), text: "-1.5")])
    #expect(table.columns[2].constraints[1].name == "short")
    #expect(kinds[2].first == .collate("NOCASE") && kinds[2].last == .unique(nil))
    #expect(
      kinds[3].last
        == .references(
          ForeignKeyClause(
            table: "p", columns: ["x"], onDelete: "SET NULL", onUpdate: "CASCADE", isDeferred: true)))
    #expect(kinds[4] == [.defaultValue(.literal(.string("pending")), text: "pending")])
    #expect(kinds[5] == [.defaultValue(.literal(.currentTimestamp), text: "CURRENT_TIMESTAMP")])
    guard case .generated(_, let text, isStored: true) = kinds[6].first else {
      Issue.record("not generated")
      return
    }
    #expect(text == "id * 2")
    #expect(kinds[8].last == .nullable)
    #expect(table.constraints.map(\.name) == ["one", nil, nil])
    guard case .unique(let terms, .rollback) = table.constraints[0].kind else {
      Issue.record("not unique")
      return
    }
    #expect(terms.map(\.collation) == ["BINARY", nil] && terms.map(\.isDescending) == [true, false])
    guard case .foreignKey(["c", "e"], let clause) = table.constraints[2].kind else {
      Issue.record("no foreign key")
      return
    }
    #expect(clause.onDelete == "NO ACTION" && !clause.isDeferred)
  }

  @Test func `an index keeps its terms and its condition`() throws {
    let index = try Parser.createIndex(
      """
      CREATE UNIQUE INDEX "i" ON t (a DESC, lower(b) COLLATE nocase ASC, "c") WHERE a IS NOT NULL -- most
      """)
    #expect(index.isUnique && index.table == "t")
    #expect(index.terms.map(\.text) == ["a", "lower(b)", "\"c\""])
    #expect(index.terms.map(\.collation) == [nil, "nocase", nil])
    #expect(index.terms.map(\.isDescending) == [true, false, false])
    #expect(index.predicateText == "a IS NOT NULL")
  }

  @Test func `a view keeps its select`() throws {
    let view = try Parser.createView(
      """
      CREATE TEMP VIEW v (x, y) AS WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 9)
      SELECT a.x one, count(*) AS 'two', t.*, "w" [three] FROM a NATURAL LEFT JOIN b AS bb, (SELECT 1) s
      CROSS JOIN c ON 1 INNER JOIN d USING (p, q) WHERE a.x > 1 GROUP BY 1, a.y HAVING count(*) > 1
      UNION ALL SELECT DISTINCT * FROM (a JOIN b) ORDER BY 1 DESC NULLS LAST, 2 LIMIT 10 OFFSET 5
      """)
    #expect(view.name == "v" && view.columns == ["x", "y"])
    #expect(view.select.with?.isRecursive == true && view.select.with?.tables.first?.columns == ["n"])
    guard case .query(let query) = view.select.first else {
      Issue.record("no query")
      return
    }
    let aliases = query.columns.map { (column) -> String? in
      if case .expression(_, let alias, _) = column { alias } else { nil }
    }
    #expect(aliases == ["one", "two", nil, "three"])
    #expect(query.columns[2] == .allOf("t"))
    #expect(query.groups.count == 2 && query.having != nil && query.filter != nil)
    guard case .join(let rest, .inner, .table("d", nil), .using(["p", "q"])) = query.from,
      case .join(let front, .cross, .table("c", nil), .on) = rest,
      case .join(let pair, .cross, .select(_, "s"), .none) = front
    else {
      Issue.record("the joins differ")
      return
    }
    #expect(pair == .join(.table("a", alias: nil), .left, .table("b", alias: "bb"), .natural))
    #expect(view.select.rest.map(\.compound) == [.unionAll])
    #expect(view.select.order.map(\.nullsFirst) == [false, nil])
    #expect(view.select.limit == .literal(.integer(10)) && view.select.offset == .literal(.integer(5)))
  }

  @Test func `LIMIT with a comma has the offset first`() throws {
    let select = try Parser.select("SELECT 1 LIMIT 5, 10")
    #expect(select.limit == .literal(.integer(10)) && select.offset == .literal(.integer(5)))
  }

  /// Pieces of SQL in any order: an error or a tree, never a trap.
  @Test func `random text does not trap`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededRandom(seed: seed)
    let pieces = [
      "SELECT", "FROM", "t", "a", "(", ")", ",", "'x'", "\"a\"", "1", "1.5", "x'00'", "WHERE", "AND", "NOT", "IN", "IS",
      "NULL", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN", "END", "+", "-", "*", "/", "||", "->>", ".", "JOIN", "USING",
      "GROUP BY", "ORDER BY", "LIMIT", "UNION", "WITH", "AS", "OVER", "CAST", "COLLATE", "nocase", "min", "strftime",
      "date", "'now'", "'%Y'", "'+1 day'", "VALUES", "EXISTS", "=", "<", "name", "made", "data", "'$.a[0]'", "ESCAPE",
      "count", "GLOB", "'[a'", "substr", "-9223372036854775808", "9223372036854775807", "'2024-13-01'", "flag",
    ]
    var parsed = 0
    for _ in 0..<3_000 {
      let text = (0..<random.below(14)).map { _ in random.pick(pieces) }.joined(separator: " ")
      if (try? Parser.expression(text)) != nil { parsed += 1 }
      _ = Columns.translated(text)
      _ = try? ColumnDefault.translate(text, kind: .text, affinity: .text)
      if let select = try? Parser.select("SELECT " + text) {
        _ = try? ViewTranslation(
          CreateView(name: "v", columns: [], select: select), sql: "v", relations: [Columns.table])
      }
      for statement in ["CREATE TABLE t (a \(text))", "CREATE TABLE t (\(text))"] {
        _ = try? Parser.createTable(statement)
      }
      _ = try? Parser.createIndex("CREATE INDEX i ON t (\(text)) \(text)")
    }
    #expect(parsed > 10, "seed \(seed)")
  }
}
