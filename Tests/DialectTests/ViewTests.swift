import Model
import Testing

@testable import Dialect

struct ViewTests {
  static let relations = [
    Relation(
      name: "artist", sql: "app.artist",
      columns: [
        ScopeColumn("id", .bigint, affinity: .integer), ScopeColumn("Name", .text, affinity: .text),
        ScopeColumn("active", .boolean, affinity: .numeric),
      ], key: ["id"]),
    Relation(
      name: "album", sql: "app.album",
      columns: [
        ScopeColumn("id", .bigint, affinity: .integer), ScopeColumn("artist_id", .bigint, affinity: .integer),
        ScopeColumn("title", .text, affinity: .text, collation: "NOCASE"),
        ScopeColumn("made", .timestamp(.text(.second)), affinity: .numeric),
        ScopeColumn("price", .numeric, affinity: .numeric),
      ], key: ["id"]),
  ]

  private func translated(_ select: String, columns: String = "") -> String {
    do {
      let view = try Parser.createView("CREATE VIEW v\(columns) AS \(select)")
      return try ViewTranslation(view, sql: "v", relations: Self.relations).sql
        .replacing("CREATE VIEW v ", with: "")
    } catch {
      return "refused: \(error)"
    }
  }

  @Test func `columns keep SQLite's names`() {
    #expect(
      translated("SELECT a.name, a.NAME x, count(*), 1 + 1 FROM artist a GROUP BY 1, 2")
        == """
        ("Name", "x", "count(*)", "1 + 1") AS SELECT "a"."Name" AS "Name", "a"."Name" AS "x", count(*) AS "count(*)", \
        1 + 1 AS "1 + 1" FROM app.artist AS "a" GROUP BY "a"."Name", "a"."Name"
        """)
    #expect(
      translated("SELECT id FROM artist", columns: " (number)")
        == "(\"number\") AS SELECT \"artist\".\"id\" AS \"id\" FROM app.artist AS \"artist\"")
    #expect(translated("SELECT id, id FROM artist") == "refused: two columns of one name")
  }

  @Test func `joins keep their order and their meaning`() {
    #expect(
      translated("SELECT title FROM artist, album LEFT JOIN (SELECT 1 AS one) s WHERE artist.id = artist_id")
        == """
        ("title") AS SELECT "album"."title" AS "title" FROM app.artist AS "artist" CROSS JOIN app.album AS "album" \
        LEFT JOIN (SELECT 1 AS "one") AS "s" ("one") ON true WHERE "artist"."id" = "album"."artist_id"
        """)
    #expect(
      translated("SELECT * FROM artist JOIN album USING (id)")
        == """
        ("id", "Name", "active", "artist_id", "title", "made", "price") AS SELECT "artist"."id" AS "id", \
        "artist"."Name" AS "Name", "artist"."active" AS "active", "album"."artist_id" AS "artist_id", \
        "album"."title" AS "title", "album"."made" AS "made", "album"."price" AS "price" \
        FROM app.artist AS "artist" JOIN app.album AS "album" ON ("artist"."id" = "album"."id")
        """)
  }

  @Test func `NULL comes first, and NOCASE orders by the folded text`() {
    #expect(
      translated("SELECT id, title t FROM album ORDER BY t DESC, 1, price + 0.5")
        == """
        ("id", "t") AS SELECT "album"."id" AS "id", "album"."title" AS "t" FROM app.album AS "album" \
        ORDER BY lower("album"."title") DESC NULLS LAST, 1 NULLS FIRST, \
        "album"."price"::double precision + 0.5 NULLS FIRST
        """)
  }

  @Test func `aggregates group as in SQLite`() {
    #expect(
      translated(
        """
        SELECT a.name, sum(price) s, avg(b.id), max(made), total(b.id), group_concat(a.id, '; '),
        count(DISTINCT b.id) FILTER (WHERE active) n FROM artist a JOIN album b ON b.artist_id = a.id GROUP BY a.id
        """)
          == """
          ("Name", "s", "avg(b.id)", "max(made)", "total(b.id)", "group_concat(a.id, '; ')", "n") AS \
          SELECT "a"."Name" AS "Name", sum("b"."price"::double precision) AS "s", \
          avg("b"."id"::double precision) AS "avg(b.id)", max("b"."made") AS "max(made)", \
          COALESCE(sum("b"."id"::double precision), 0) AS "total(b.id)", \
          string_agg("a"."id"::text, '; ') COLLATE "C" AS "group_concat(a.id, '; ')", \
          count(DISTINCT "b"."id") FILTER (WHERE "a"."active") AS "n" \
          FROM app.artist AS "a" JOIN app.album AS "b" ON "b"."artist_id" = "a"."id" GROUP BY "a"."id"
          """)
    #expect(
      translated("SELECT strftime('%Y', made) AS year, count(*) AS n FROM album GROUP BY year HAVING n > 1")
        == """
        ("year", "n") AS SELECT lpad(extract(year FROM "album"."made")::integer::text, 4, '0') COLLATE "C" AS "year", \
        count(*) AS "n" FROM app.album AS "album" \
        GROUP BY lpad(extract(year FROM "album"."made")::integer::text, 4, '0') HAVING count(*) > 1
        """)
    #expect(
      translated("SELECT name, max(price) FROM artist, album GROUP BY artist.id")
        == """
        ("Name", "max(price)") AS SELECT "artist"."Name" AS "Name", max("album"."price") AS "max(price)" \
        FROM app.artist AS "artist" CROSS JOIN app.album AS "album" GROUP BY "artist"."id"
        """)
    #expect(
      translated("SELECT title, max(price) FROM album GROUP BY artist_id")
        == "refused: the column title is neither grouped by nor aggregated")
    #expect(translated("SELECT count(*) FROM album GROUP BY title").hasPrefix("refused: equal values"))
  }

  @Test func `compound selects agree on kinds and bind from the left`() {
    #expect(
      translated("SELECT active FROM artist UNION ALL SELECT 1 INTERSECT SELECT 0 ORDER BY 1")
        == """
        ("active") AS (SELECT "artist"."active" AS "active" FROM app.artist AS "artist" UNION ALL SELECT true AS "1") \
        INTERSECT SELECT false AS "0" ORDER BY 1 NULLS FIRST
        """)
    #expect(translated("SELECT id FROM artist UNION SELECT name FROM artist").hasPrefix("refused: text and other"))
  }

  @Test func `recursion counts in wide integers`() {
    #expect(
      translated("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n FROM c")
        == """
        ("n") AS WITH RECURSIVE "c" ("n") AS (SELECT 1::bigint AS "1" UNION ALL \
        SELECT ("c"."n" + 1)::bigint AS "n + 1" FROM "c" AS "c" WHERE "c"."n" < 5) SELECT "c"."n" AS "n" FROM "c" AS "c"
        """)
  }

  @Test(arguments: [
    ("SELECT * FROM absent", "the table absent is not known"),
    ("SELECT id FROM album LIMIT 3", "LIMIT without ORDER BY"),
    (
      "SELECT (SELECT title FROM album) AS t",
      "a select as a value that may give several rows, of which SQLite takes any"
    ),
    ("SELECT name FROM json_each('[]')", "it reads from the table-valued function json_each"),
    ("SELECT id FROM artist, album", "the column id is ambiguous"),
    ("SELECT id FROM album ORDER BY -9223372036854775808", "ORDER BY of a constant"),
    ("SELECT id FROM album GROUP BY -9223372036854775808", "GROUP BY of such a position"),
    (
      "SELECT round(avg(price), 2) FROM album",
      "round() to decimals: SQLite rounds the binary number, PostgreSQL the decimal one"
    ),
    ("SELECT CONCAT(name, 'x') FROM artist", "SQLite 3.40 has no function concat()"),
    ("SELECT name + 1 FROM artist", "a computation with text"),
    ("SELECT rowid FROM artist", "the column rowid is not known"),
  ])
  func `what has no counterpart is refused`(_ select: String, _ reason: String) {
    #expect(translated(select) == "refused: \(reason)")
  }

  /// SQLite folds ASCII only.
  @Test func `names that differ in a letter beyond ASCII are two`() {
    #expect(
      translated("SELECT \"É\" FROM (SELECT 1 AS \"é\", 2 AS \"É\")")
        == """
        ("É") AS SELECT "select 1"."É" AS "É" FROM (SELECT 1 AS "é", 2 AS "É") AS "select 1" ("é", "É")
        """)
  }

  @Test func `a view reads another view`() throws {
    let first = try ViewTranslation(
      Parser.createView("CREATE VIEW sums AS SELECT artist_id AS a, sum(price * 2.0) AS s FROM album GROUP BY a"),
      sql: "app.sums", relations: Self.relations)
    #expect(first.relation.columns.map(\.kind) == [.bigint, .double(.real)])
    let second = try ViewTranslation(
      Parser.createView("CREATE VIEW rich AS SELECT a FROM sums WHERE s > 100"), sql: "app.rich",
      relations: Self.relations + [first.relation])
    #expect(
      second.sql
        == """
        CREATE VIEW app.rich ("a") AS SELECT "sums"."a" AS "a" FROM app.sums AS "sums" WHERE "sums"."s" > 100
        """)
  }
}
