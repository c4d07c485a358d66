import Dialect
import Model
import Testing

struct TranslatorTests {
  @Test(arguments: [
    (
      "flag = 1",
      #""flag" = true"#
    ),
    (
      "flag",
      #""flag""#
    ),
    (
      "flag IN (0, 1)",
      #""flag" IN (false, true)"#
    ),
    (
      "flag <> 0 AND id",
      #"("flag" <> false) AND ("id" <> 0)"#
    ),
    (
      "NOT flag",
      #"NOT "flag""#
    ),
    (
      "NOT (flag OR id > 3)",
      #"NOT ("flag" OR ("id" > 3))"#
    ),
    (
      "id IN (1,2,3)",
      #""id" IN (1, 2, 3)"#
    ),
    (
      "name IN ('a','b')",
      #""name" IN ('a', 'b')"#
    ),
    (
      "code IN ('A','b')",
      #"lower("code") IN ('a', 'b')"#
    ),
    (
      "name = 0",
      #""name" = '0'"#
    ),
    (
      "name = 'x' OR name IS NULL",
      #"("name" = 'x') OR ("name" IS NULL)"#
    ),
    (
      "name > 'b'",
      #""name" > 'b'"#
    ),
    (
      "'a' < 'b'",
      #"('a' COLLATE "C") < 'b'"#
    ),
    (
      "code = 'Abc'",
      #"lower("code") = 'abc'"#
    ),
    (
      "email = 'Abc'",
      #"lower(("email"::text COLLATE "C")) = 'abc'"#
    ),
    (
      "id = '5'",
      #""id" = 5"#
    ),
    (
      "id + 1 > 0",
      #"("id"::numeric + 1) > 0"#
    ),
    (
      "small + 1 > 0",
      #"("small"::bigint + 1) > 0"#
    ),
    (
      "small * small > 0",
      #"("small"::bigint * "small") > 0"#
    ),
    (
      "price * 2 > 10",
      #"("price"::double precision * 2) > 10"#
    ),
    (
      "ratio / small > 0.5",
      #"("ratio" / NULLIF("small", 0)) > 0.5"#
    ),
    (
      "ratio > 1.5",
      #""ratio" > 1.5"#
    ),
    (
      "id > ratio",
      #"CASE WHEN "id" IS NULL THEN NULL WHEN abs("ratio") < 9007199254740992 THEN "ratio" < "id"::double precision WHEN "ratio" >= 9223372036854775808 THEN false WHEN "ratio" < -9223372036854775808 THEN true ELSE "ratio"::bigint < "id" END"#
    ),
    (
      "id > 1.5",
      #""id" > 1.5"#
    ),
    (
      "id % 5 = 0",
      #"("id" % 5) = 0"#
    ),
    (
      "name LIKE 'a%'",
      #""name" ILIKE 'a%'"#
    ),
    (
      #"name LIKE '%5\%'"#,
      #""name" LIKE E'%5\\%' ESCAPE ''"#
    ),
    (
      "name LIKE 'a!%%' ESCAPE '!'",
      #""name" ILIKE 'a!%%' ESCAPE '!'"#
    ),
    (
      "name NOT LIKE 'a_c'",
      #"NOT ("name" ILIKE 'a_c')"#
    ),
    (
      "name GLOB '*@*.*'",
      #""name" LIKE '%@%.%'"#
    ),
    (
      "name GLOB '[A-Z]*'",
      #""name" ~ '^[A-Z].*$'"#
    ),
    (
      "name NOT GLOB '*[^0-9]*'",
      #"NOT ("name" ~ '^.*[^0-9].*$')"#
    ),
    (
      "made > '2024-01-01'",
      #""made" >= timestamp '2024-01-01 00:00:00'"#
    ),
    (
      "made <= '2024-01-01'",
      #""made" < timestamp '2024-01-01 00:00:00'"#
    ),
    (
      "made = '2024-01-01 00:00:00'",
      #""made" = timestamp '2024-01-01 00:00:00'"#
    ),
    (
      "day > '2024-01-01 10:00:00'",
      #""day" > date '2024-01-01'"#
    ),
    (
      "day BETWEEN '2024-01-01' AND '2024-12-31'",
      #""day" BETWEEN date '2024-01-01' AND date '2024-12-31'"#
    ),
    (
      "made BETWEEN datetime('1997-01-01') AND datetime('1997-12-31')",
      #""made" BETWEEN timestamp '1997-01-01 00:00:00' AND timestamp '1997-12-31 00:00:00'"#
    ),
    (
      "precise BETWEEN datetime('1997-01-01') AND datetime('1997-12-31')",
      #"("precise" >= timestamp '1997-01-01 00:00:00') AND ("precise" < timestamp '1997-12-31 00:00:00')"#
    ),
    (
      "zoned > '2024-01-01'",
      #""zoned" >= timestamptz '2024-01-01 00:00:00+00'"#
    ),
    (
      "seconds > 1700000000",
      #""seconds" > timestamp '2023-11-14 22:13:20'"#
    ),
    (
      "date(made) = '2024-01-01'",
      #""made"::date = date '2024-01-01'"#
    ),
    (
      "date(seconds, 'unixepoch') = '2024-01-01'",
      #""seconds"::date = date '2024-01-01'"#
    ),
    (
      "strftime('%Y', made) = '2024'",
      #"lpad(extract(year FROM "made")::integer::text, 4, '0') = '2024'"#
    ),
    (
      "CAST(strftime('%Y', made) AS INTEGER) >= 2024",
      #"extract(year FROM "made")::integer >= 2024"#
    ),
    (
      "length(name) > 3",
      #"length("name") > 3"#
    ),
    (
      "length(trim(name)) BETWEEN 1 AND 20",
      #"length(btrim("name")) BETWEEN 1 AND 20"#
    ),
    (
      "substr(name, 1, 2) = 'ab'",
      #"substr("name", 1, 2) = 'ab'"#
    ),
    (
      "substr(name, -2) = 'ab'",
      #"right("name", 2) = 'ab'"#
    ),
    (
      "substr(name, instr(name, '@') + 1) <> ''",
      #"CASE WHEN (strpos("name", '@') + 1) < 0 THEN right("name", -(strpos("name", '@') + 1)) ELSE substr("name", (strpos("name", '@') + 1)) END <> ''"#
    ),
    (
      "substr(name, 1, instr(name, '@') - 1) <> ''",
      #"substr("name", 1, CASE WHEN (strpos("name", '@') - 1) < 0 THEN 0 ELSE strpos("name", '@') - 1 END) <> ''"#
    ),
    (
      "min(id, small) > 0",
      #"CASE WHEN "id" IS NULL OR "small" IS NULL THEN NULL ELSE LEAST("id", "small") END > 0"#
    ),
    (
      "max(name, 'a') = 'a'",
      #"CASE WHEN "name" IS NULL THEN NULL ELSE GREATEST("name", 'a') END = 'a'"#
    ),
    (
      "coalesce(price, 0) > 1",
      #"COALESCE("price", 0::numeric) > 1"#
    ),
    (
      "coalesce(ratio, 0) > 1",
      #"COALESCE("ratio", 0::double precision) > 1"#
    ),
    (
      "coalesce(flag, 0)",
      #"COALESCE("flag", false)"#
    ),
    (
      "name || id = 'x5'",
      #"("name" || "id"::text) = 'x5'"#
    ),
    (
      "typeof(id) = 'integer'",
      #"CASE WHEN "id" IS NULL THEN 'null' ELSE 'integer' END = 'integer'"#
    ),
    (
      "typeof(name) = 'text'",
      #"CASE WHEN "name" IS NULL THEN 'null' ELSE 'text' END = 'text'"#
    ),
    (
      "round(ratio) = 2",
      #"CASE WHEN abs("ratio") > 4503599627370496 THEN "ratio" WHEN "ratio" < 0 THEN ceil("ratio" - 0.5) ELSE floor("ratio" + 0.5) END = 2"#
    ),
    (
      "abs(id) > 3",
      #"abs("id") > 3"#
    ),
    (
      "data ->> '$.a.b' = 'x'",
      #"NULLIF("data" -> 'a' -> 'b', 'null'::jsonb) = '"x"'::jsonb"#
    ),
    (
      "json_extract(data, '$.a[0]') = 1",
      #"NULLIF("data" -> 'a' -> 0, 'null'::jsonb) IN ('1'::jsonb, 'true'::jsonb)"#
    ),
    (
      "json_valid(data)",
      #"CASE WHEN "data" IS NOT NULL THEN true END"#
    ),
    (
      "uid = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
      #""uid" = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid"#
    ),
    (
      "raw = x'00ff'",
      #""raw" = E'\\x00ff'::bytea"#
    ),
    (
      "odd IS NOT NULL",
      #""odd" IS NOT NULL"#
    ),
    (
      "id IS NOT 5",
      #""id" IS DISTINCT FROM 5"#
    ),
    (
      "id IS DISTINCT FROM small",
      #""id" IS DISTINCT FROM "small""#
    ),
    (
      "flag IS TRUE",
      #""flag" IS TRUE"#
    ),
    (
      "CASE WHEN flag THEN id > 1 ELSE id < 0 END",
      #"CASE WHEN "flag" THEN "id" > 1 ELSE "id" < 0 END"#
    ),
    (
      "CASE name WHEN 'a' THEN 1 ELSE 0 END",
      #"CASE WHEN "name" = 'a' THEN 1 ELSE 0 END <> 0"#
    ),
    (
      "name COLLATE NOCASE = 'ABC'",
      #"lower("name") = 'abc'"#
    ),
    (
      "(id, name) = (1, 'a')",
      #"("id" = 1) AND ("name" = 'a')"#
    ),
    (
      "hex(name) = ''",
      #"COALESCE(upper(encode(convert_to("name", 'UTF8'), 'hex')), '') = ''"#
    ),
    (
      "instr(name, 'x') > 0",
      #"strpos("name", 'x') > 0"#
    ),
    (
      "nullif(name, '') IS NOT NULL",
      #"NULLIF("name", '') IS NOT NULL"#
    ),
    (
      "nullif(id < 3, NULL) IS NULL",
      #"("id" < 3) IS NULL"#
    ),
    (
      "id BETWEEN 1 AND 10",
      #""id" BETWEEN 1 AND 10"#
    ),
    (
      "iif(flag, 1, 2) = 1",
      #"CASE WHEN "flag" THEN 1 ELSE 2 END = 1"#
    ),
    (
      "upper(name) = name",
      #"upper("name") = "name""#
    ),
    (
      "id >> 2 = 1",
      #"("id"::bigint >> 2) = 1"#
    ),
    (
      "id & 4 = 4",
      #"("id"::bigint & 4) = 4"#
    ),
    (
      "-id > 3",
      #"(-"id"::numeric) > 3"#
    ),
    (
      #""active" = name"#,
      #"'active' = "name""#
    ),
    (
      #"name = "x""#,
      #""name" = 'x'"#
    ),
    (
      "made >= date(made, 'start of month')",
      #""made" >= date_trunc('month', "made")::date::timestamp"#
    ),
    (
      "made < date(day, '+1 month')",
      #""made" < (date_trunc('month', "day"::timestamp) + interval '1 months' + ("day"::timestamp - date_trunc('month', "day"::timestamp)))::date::timestamp"#
    ),
    (
      "made LIKE '2024%'",
      #"to_char("made", 'YYYY-MM-DD HH24:MI:SS') LIKE '2024%'"#
    ),
    (
      "hex(raw) = '00'",
      #"COALESCE(upper(encode("raw", 'hex')), '') = '00'"#
    ),
    (
      "julianday(day) > 2451544.5",
      #"((extract(epoch FROM "day"::timestamp)::bigint * 1000 + 210866760000000)::double precision / 86400000) > 2451544.5"#
    ),
    (
      "unixepoch(made) > 0",
      #"floor(extract(epoch FROM "made"))::bigint > 0"#
    ),
    (
      "datetime(id, 'unixepoch') > '2024-01-01'",
      #"CASE WHEN "id" BETWEEN -62135596800 AND 253402300799 THEN to_timestamp("id") AT TIME ZONE 'UTC' END >= timestamp '2024-01-01 00:00:00'"#
    ),
    (
      "EXISTS (SELECT 1)",
      #"EXISTS (SELECT 1 AS "1")"#
    ),
  ])
  func `a condition means the same`(_ sqlite: String, _ postgres: String) {
    #expect(Columns.translated(sqlite) == postgres)
  }

  @Test(arguments: [
    ("id = '5x'", "text is compared with a number, which SQLite does by type"),
    ("id / small > 0", "a quotient that may overflow"),
    ("price / 2 > 1", "a quotient of numbers that SQLite may hold as integers, and then cuts"),
    ("amount / id > 0", "a quotient of numbers that SQLite may hold as integers, and then cuts"),
    ("made = '2024-01-01'", "a time is compared with text of another form, which it never equals"),
    ("loose > '2024-01-01'", "times that SQLite does not hold in one form are compared"),
    ("ratio || 'x' = 'a'", "a real number as text, which SQLite writes its own way"),
    ("round(ratio, 2) = 2", "round() to decimals: SQLite rounds the binary number, PostgreSQL the decimal one"),
    ("raw = 'a'", "values of different kinds are compared"),
    ("odd = 1", "a column without one type is compared"),
    ("CONCAT(name, 'x') = 'a'", "SQLite 3.40 has no function concat()"),
    ("id = ?", "it holds a parameter"),
    ("RAISE(ABORT, 'x')", "RAISE stands outside of a trigger"),
    ("random() > 1", "random() has no counterpart for these arguments"),
    ("day < date('now')", "the current time"),
    ("precise > datetime('now')", "the current time"),
    ("zoned > datetime(made)", "a time is compared with text of another form"),
    ("name REGEXP 'x'", "REGEXP, which SQLite has no function for by itself"),
    ("day IN ('2024-01-01', '2024-02-30')", "a time is compared with text that is none"),
    ("name = 5.5", "a real number as text, which SQLite writes its own way"),
    ("name || x'00' = 'a'", "text of a value that is held differently"),
    ("data = '{}'", "values of different kinds are compared"),
    ("id = 'a' OR missing = 1", "text is compared with a number, which SQLite does by type"),
    ("ratio % 2 = 0", "% of a real number"),
    ("unknown(id)", "SQLite 3.40 has no function unknown()"),
    ("length(ratio) = 2", "a real number as text, which SQLite writes its own way"),
    ("substr(name, id) = 'a'", "substr() with a position that may not fit 32 bits"),
    ("name IN (SELECT name FROM t)", "the table t is not known"),
    ("date(made, 'localtime') = day", "the modifier 'localtime' of a date function"),
    ("total(id) > 1", "the aggregate total() there"),
    ("row_number() OVER () = 1", "the window function row_number() there"),
    ("amount > 9007199254740993", "a real beside an integer beyond 2⁵³"),
  ])
  func `what would differ for some value is refused`(_ sqlite: String, _ reason: String) {
    #expect(Columns.translated(sqlite) == "refused: \(reason)")
  }

  @Test func `an index allows immutable translations only`() {
    #expect(Columns.translated("made > '2024-01-01'", .predicate) == "\"made\" >= timestamp '2024-01-01 00:00:00'")
    #expect(Columns.translated("made LIKE '2024%'", .predicate).hasPrefix("refused: text of a time"))
    #expect(Columns.translated("hex(name) = ''", .predicate).hasPrefix("refused"))
    #expect(Columns.translated("made > datetime('now')", .predicate) == "refused: the current time")
  }

  @Test func `index terms compare by their collation`() throws {
    func term(_ sql: String, _ collation: String? = nil) throws -> String {
      try Translator(purpose: .index, table: Columns.table).indexTerm(Parser.expression(sql), collation: collation)
    }
    #expect(try term("id") == "\"id\"")
    #expect(try term("name") == "\"name\"")
    #expect(try term("code") == "(lower(\"code\"))")
    #expect(try term("name", "nocase") == "(lower(\"name\"))")
    #expect(try term("code", "BINARY") == "\"code\"")
    #expect(try term("name", "RTRIM") == "(rtrim(\"name\", ' '))")
    #expect(try term("lower(name)") == "(lower(\"name\"))")
    #expect(try term("substr(made, 1, 10) = ''".replacing("made", with: "name")) == "(substr(\"name\", 1, 10) = '')")
    #expect(throws: Untranslatable.self) { try term("data ->> 'x'") }
    #expect(throws: Untranslatable.self) { try term("strftime('%f', made)") }
  }

  /// SQLite takes a quoted name that no column has for a string; RENAME COLUMN leaves such indexes behind.
  @Test(arguments: ["\"no column\"", "'text'", "7"]) func `an index over a constant is left out`(_ sql: String) {
    #expect(throws: Untranslatable.self) {
      try Translator(purpose: .index, table: Columns.table).indexTerm(Parser.expression(sql), collation: nil)
    }
  }

  /// SQLite makes a number of '10' beside a column of numbers, and of nothing else.
  @Test func `what a function gives back has no affinity, a column though it may be`() {
    #expect(Columns.translated("small >= '10'") == "\"small\" >= 10")
    #expect(Columns.translated("nullif(small, NULL) >= '10'") != "\"small\" >= 10")
  }

  @Test func `generated columns have their column's kind`() {
    #expect(Columns.value("id * 2", .bigint, .integer, .generated) == "(\"id\"::numeric * 2)::bigint")
    #expect(Columns.value("small * 2", .bigint, .integer, .generated) == "\"small\"::bigint * 2")
    #expect(Columns.value("lower(name)", .text, .text, .generated) == "lower(\"name\")")
    #expect(Columns.value("id > 1", .boolean, .numeric, .generated) == "\"id\" > 1")
    #expect(Columns.value("id > 1", .bigint, .integer, .generated) == "(\"id\" > 1)::integer")
    #expect(Columns.value("ratio", .bigint, .integer, .generated).hasPrefix("refused"))
    // In a column of integers SQLite stores 1 where the expression is 1.0 or '1.0'.
    #expect(Columns.value("odd", .unknown, .integer, .generated).hasPrefix("refused"))
    #expect(Columns.value("name", .text, .numeric, .generated).hasPrefix("refused"))
    #expect(Columns.value("odd", .unknown, .blob, .generated) == "\"odd\"")
  }

  /// Operands that stand more than once would double the text at every level.
  @Test func `a translation does not grow without bound`() {
    let nested = (0..<100).reduce("name") { text, _ in "substr(\(text), instr(\(text.prefix(4)), 'x'))" }
    _ = Columns.translated(nested + " = 'a'")
    let deep = (0..<90).reduce("small") { text, _ in "min(\(text), small)" }
    #expect(Columns.translated(deep + " = 1") == "refused: its translation is too long")
  }
}
