import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

/// What the planner writes is what the server takes.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct DDLTests {
  private func open(_ target: Target) throws {
    for table in target.plan.tables {
      try target.run(
        "ALTER TABLE \(PostgresText.identifier(target.schema, table.targetName)) DISABLE TRIGGER _changeover_fence")
    }
  }

  /// Cases 13 and 33.
  @Test func `names of every kind`() throws {
    let long = String(repeating: "long name ", count: 9)
    let names = [
      "", "table", "Order", "order", "select", "a b", "a\"b", "it's", "naïve", "{table}", "$changeover$", "xmin",
      long + "1",
      long + "2", "a", "a_pkey", "a_id_seq", "a_x_key", "i", String(repeating: "ü", count: 40), "\\", "日本語", "public",
    ]
    let columns =
      [id] + names.dropFirst().map { column($0 == "a" ? "x" : $0, "TEXT") } + [column("ctid"), column("oid")]
    let tables = names.enumerated().map { number, name in
      table(
        name, columns,
        indexes: [
          SourceIndex(name: "auto", origin: .unique, isUnique: true, terms: [term("x")]), index("i", term("xmin")),
          index(long, term("日本語"), term("it's")), index("", term("Order")),
        ], id: Int64(number + 1))
    }
    let target = try Target(tables.map { Planner.Input($0) })
    #expect(
      try target.scalar(
        """
        SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = indrelid
        WHERE c.relnamespace = '\(target.schema)'::regnamespace AND c.relname NOT LIKE 'changeover\\_%'
        """) == .integer(Int64(names.count * 5)))
    for table in tables { try target.apply([.upsert(table, [.one] + table.columns.dropFirst().map { _ in .null })]) }
    for table in tables { #expect(try target.rows(table).count == 1) }
  }

  @Test func `columns have the types, collations and constraints of the plan`() throws {
    let all = table(
      "all",
      [
        id, column("i", "INT", notNull: true), column("r", "REAL"), column("t", "TEXT"), column("b", "BLOB"),
        column("m", "INT"), column("d", "DATE"), column("u"),
      ])
    let target = try Target(all, holding: ["m": [.integer, .text]])
    #expect(
      try target.values(
        """
        SELECT attname::text, format_type(atttypid, atttypmod), coalesce(l.collname::text, '-'), attnotnull,
          attidentity::text
        FROM pg_attribute LEFT JOIN pg_collation AS l ON l.oid = attcollation
        WHERE attrelid = '\(target.name(all))'::regclass AND attnum > 0 ORDER BY attnum
        """) == [
          [.text("id"), .text("bigint"), .text("-"), .one, .text("d")],
          [.text("i"), .text("bigint"), .text("-"), .one, .text("")],
          [.text("r"), .text("double precision"), .text("-"), .integer(0), .text("")],
          [.text("t"), .text("text"), .text("C"), .integer(0), .text("")],
          [.text("b"), .text("bytea"), .text("-"), .integer(0), .text("")],
          [.text("m"), .text("text"), .text("C"), .integer(0), .text("")],
          [.text("d"), .text("date"), .text("-"), .integer(0), .text("")],
          [.text("u"), .text("text"), .text("C"), .integer(0), .text("")],
        ])
  }

  /// Case 32: a row that PostgreSQL makes holds what SQLite would have put there.
  @Test func `defaults give what SQLite gives`() throws {
    let cases: [(String, String, Value)] = [
      ("INT", "0", .integer(0)), ("INT", "-9223372036854775808", .integer(.min)), ("INT", "0x1F", .integer(31)),
      ("INT", "- 5", .integer(-5)), ("INT", "1e3", .integer(1000)), ("BOOLEAN", "true", .one),
      ("REAL", "1.5", .real(1.5)), ("REAL", "-4e-320", .real(-0x1p-1074 * 8096)), ("REAL", "1e300", .real(1e300)),
      ("REAL", "1.7976931348623157e308", .real(.greatestFiniteMagnitude)), ("REAL", "0.1", .real(0.1)),
      ("TEXT", "'it''s \\ \"x\"'", .text("it's \\ \"x\"")), ("TEXT", "''", .text("")), ("TEXT", "007", .text("7")),
      ("TEXT", "\"1\"", .text("1")), ("TEXT", "pending", .text("pending")),
      ("TEXT", "'$changeover$'", .text("$changeover$")),
      ("TEXT", "'{table}'", .text("{table}")), ("TEXT", "NULL", .null), ("TEXT", "(1+1)", .text("2")),
      ("DATE", "1.5", .text("1.5")),
    ]
    // Text that takes anything.
    let holding: [String: StorageClasses] = ["c\(cases.count - 1)": [.text, .integer]]
    let columns = cases.enumerated().map { column("c\($0)", $1.0, default: $1.1) }
    let times = [
      column("t0", "TEXT", default: "CURRENT_TIMESTAMP"), column("t1", "TEXT", default: "(date('now'))"),
      column("t2", "TEXT", default: "CURRENT_TIME"),
    ]
    let defaults = table("defaults", [id] + columns + times)
    let target = try Target(defaults, holding: holding)
    try open(target)
    try target.run("SET TimeZone = 'Asia/Tokyo'; INSERT INTO \(target.name(defaults)) DEFAULT VALUES")
    let row = try #require(try target.rows(defaults).first)
    #expect(row.first == .one)
    for (number, expected) in cases.enumerated() {
      #expect(row[number + 1] == expected.2, "DEFAULT \(expected.1)")
    }
    #expect(
      try target.values(
        """
        SELECT t0 ~ '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$', t1 ~ '^\\d{4}-\\d\\d-\\d\\d$', t2 ~ '^\\d\\d:\\d\\d:\\d\\d$',
          abs(extract(epoch FROM t0::timestamp - now() AT TIME ZONE 'UTC')) < 60
        FROM \(target.name(defaults))
        """) == [[.one, .one, .one, .one]])
  }

  /// Case 35.
  @Test func `indexes of every collation and direction`() throws {
    let texts = table(
      "texts", [id, column("t", "TEXT"), column("u"), column("n", "INT")],
      indexes: [
        index("i1", term("t", descending: true), term("n", descending: true)), index("i2", term("t", "NOCASE")),
        index("i3", term("t", "RTRIM"), term("n", "NOCASE")), unique("i4", term("t", "NOCASE", descending: true)),
        unique("i5", term("u")),
        SourceIndex(name: "i6", origin: .createIndex, isUnique: false, terms: [IndexTerm(subject: .rowid)]),
      ])
    let target = try Target(texts, holding: ["u": [.text, .integer]])
    #expect(
      try target.values(
        "SELECT regexp_replace(indexdef, '^.* USING btree ', '') FROM pg_indexes WHERE schemaname = '\(target.schema)'"
          + " AND indexname LIKE 'i_' ORDER BY indexname"
      )
        == [
          "(t DESC, n DESC)", "(lower(t))", "(rtrim(t, ' '::text), n)", "(lower(t) DESC)", "(u)", "(id)",
        ].map { [.text($0)] })
    func text(_ id: Int64, _ text: String) -> Change { .upsert(texts, [.integer(id), .text(text), .null, .null]) }
    // As in SQLite's NOCASE only ASCII letters fold.
    #expect(try target.apply([text(1, "Ä"), text(2, "ä"), text(3, "B")]).quarantined == 0)
    #expect(try target.apply([text(4, "b")]).quarantined == 1)
  }

  @Test func `an index that cannot be UNIQUE is made without, one that is too long is left out`() throws {
    let twins = table(
      "twins", [id, column("a", "TEXT"), column("b", "TEXT")],
      indexes: [unique("twins_a", term("a")), index("twins_b", term("b"))])
    let target = try Target([Planner.Input(twins)], isReady: false)
    let long = String((0..<5_000).map { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement() ?? "a" })
    try target.run(
      """
      BEGIN; SET LOCAL changeover.apply = 'on';
      INSERT INTO \(target.name(twins)) VALUES (1, 'x', '\(long)'), (2, 'x', 'b'); COMMIT
      """)
    let table = target.plan.tables[0]
    let notes = try table.indexes.map { index in
      try IndexBuilder.build(index, on: table, of: target.plan, &target.connection)
    }
    #expect(notes[0]?.hasSuffix("made without UNIQUE") == true)
    #expect(notes[1]?.hasSuffix("its entries are too long for PostgreSQL") == true)
    #expect(
      try IndexBuilder.build(table.indexes[0], on: table, of: target.plan, &target.connection) == nil, "idempotent")
  }

  /// Case 34.
  @Test func `foreign keys come and go, and orphans are found`() throws {
    let parent = table(
      "parent", [id, column("a", "INT"), column("b", "TEXT")],
      indexes: [unique("parent_ab", term("a"), term("b"))], id: 1)
    let child = table(
      "child", [id, column("up", "INT"), column("p", "INT"), column("x", "TEXT"), column("y", "INT")],
      foreignKeys: [
        foreignKey(["up"], to: "child"), foreignKey(["p"], to: "PARENT"),
        foreignKey(["x", "y"], to: "parent", ["b", "a"], isDeferred: true),
        foreignKey(["p"], to: "missing"), foreignKey(["x"], to: "parent", ["b"]), foreignKey(["x"], to: "parent"),
      ], id: 2)
    let target = try Target([Planner.Input(child), Planner.Input(parent)])
    let plan = target.plan.tables[0]
    #expect(plan.foreignKeys.count == 3)
    let ddl = DDL(target.plan)
    try target.apply([
      .upsert(parent, [.one, .integer(7), .text("b")]), .upsert(child, [.one, .one, .one, .text("b"), .integer(7)]),
      .upsert(child, [.two, .integer(9), .two, .text("b"), .null]),
      .upsert(child, [.three, .null, .two, .text("c"), .integer(7)]),
    ])
    func orphans() throws -> [Value] { try plan.foreignKeys.map { try target.scalar(ddl.countOrphans($0, of: plan)) } }
    #expect(try orphans() == [.one, .two, .one])
    for key in plan.foreignKeys { try target.run(ddl.addForeignKey(key, on: plan)) }
    #expect(
      try postgresError { try target.run(ddl.validateForeignKey(plan.foreignKeys[1], on: plan)) }?.sqlState == "23503")
    for key in plan.foreignKeys { try target.run(ddl.dropForeignKey(key, on: plan)) }
    try target.apply([.delete(child, [.two]), .delete(child, [.three])])
    #expect(try orphans() == [.integer(0), .integer(0), .integer(0)])
    for key in plan.foreignKeys {
      try target.run(ddl.addForeignKey(key, on: plan))
      try target.run(ddl.validateForeignKey(key, on: plan))
    }
    #expect(
      try target.values(
        "SELECT condeferred, convalidated FROM pg_constraint WHERE contype = 'f' AND "
          + "conrelid = '\(target.name(child))'::regclass ORDER BY conname"
      ) == [[.integer(0), .one], [.integer(0), .one], [.one, .one]])
  }

  /// Case 42.
  @Test func `sequences go past everything that was ever handed out`() throws {
    let empty = table("empty", [id], id: 1)
    let gaps = table("it's", [column("Id", "INTEGER"), column("a")], key: .rowidColumn("Id"), id: 2)
    let hidden = table("hidden", [column("a", "TEXT")], key: .rowid(alias: "rowid"), id: 3)
    let negative = table("negative", [id], id: 4)
    let target = try Target([empty, gaps, hidden, negative].map { Planner.Input($0) })
    try target.apply([
      .upsert(gaps, [.integer(5), .null]), .upsert(hidden, [.text("a"), .integer(9)]),
      .upsert(negative, [.integer(-3)]),
    ])
    for statement in TargetPhase.sequences(of: target.plan, handedOut: ["it's": 100, "hidden": 3]) {
      try target.run(statement)
    }
    try open(target)
    for table in [empty, negative] {
      try target.run("INSERT INTO \(target.name(table)) DEFAULT VALUES")
      #expect(try target.rows(table).last == [.one])
    }
    try target.run("INSERT INTO \(target.name(gaps)) (a) VALUES ('x')")
    #expect(try target.rows(gaps).last?[0] == .integer(101))
    try target.run("INSERT INTO \(target.name(hidden)) (a) VALUES ('x')")
    #expect(try target.rows(hidden).last?[1] == .integer(10))
  }
}
