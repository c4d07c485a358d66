import Testing

/// Schemas that other tools carry over wrongly or not at all (cases 31 to 35; 30 is in QuarantineScenarioTests, 36 in
/// UserTargetTests and UserSchemaTests): the same rows by copy and by streaming, and what the target does after the switch.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct SchemaCaseTests {
  private static let these = "WHERE id > BASE AND id < BASE + 1000 ORDER BY id"

  /// Case 31.
  @Test func `integers are int8, and identities go on after the switch, on empty tables too`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it,
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n INT, m MEDIUMINT, s SMALLINT);
        CREATE TABLE plain (id INTEGER PRIMARY KEY, s TEXT); CREATE TABLE void (id INTEGER PRIMARY KEY, s TEXT);
        CREATE TABLE void_auto (id INTEGER PRIMARY KEY AUTOINCREMENT, s TEXT);
        """,
        rows: """
          INSERT INTO t VALUES (BASE + 1, 9223372036854775807, 2147483648, 32768),
            (BASE + 2, -9223372036854775808, -2147483649, -32769), (BASE + 3, 1, 1, 1);
          INSERT INTO plain VALUES (BASE + 7, 'x'); DELETE FROM t WHERE id = BASE + 3;
          """)
      #expect(try it.targetTypes("t") == "id bigint, n bigint, m bigint, s bigint")
      try both.expect(
        "SELECT id - BASE, n, m, s FROM t \(Self.these)",
        "1|9223372036854775807|2147483648|32768\n2|-9223372036854775808|-2147483649|-32769")
      #expect(
        try it.psql(
          """
          SELECT table_name, identity_generation FROM information_schema.columns
          WHERE table_schema = 'public' AND column_name = 'id' ORDER BY 1
          """) == "plain|BY DEFAULT\nt|BY DEFAULT\nvoid|BY DEFAULT\nvoid_auto|BY DEFAULT")
      try both.switchOver()
      // AUTOINCREMENT handed out 1003, though that row is gone.
      for (table, id) in [("t", "1004"), ("plain", "1008"), ("void", "1"), ("void_auto", "1")] {
        #expect(try it.psql("INSERT INTO \(table) (s) VALUES (\(table == "t" ? "1" : "'y'")) RETURNING id") == id)
      }
    }
  }

  /// Case 32.
  @Test func `what an INSERT leaves out is what SQLite gives, after the switch too`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it,
        #"""
        CREATE TABLE t (id INTEGER PRIMARY KEY, stamp DATETIME DEFAULT CURRENT_TIMESTAMP,
          said TEXT DEFAULT CURRENT_TIMESTAMP, at DATETIME DEFAULT (datetime('now')), day DATE DEFAULT CURRENT_DATE,
          year TEXT DEFAULT (strftime('%Y', 'now')), none TEXT DEFAULT NULL, joined TEXT DEFAULT ('a' || 'b'),
          off BOOL DEFAULT 0, "on" BOOLEAN DEFAULT TRUE, word TEXT DEFAULT "x", quote TEXT DEFAULT 'it''s',
          price DECIMAL(8,2) DEFAULT 1.50, less INTEGER DEFAULT -7, sum INTEGER DEFAULT (2 * 3 + 1),
          bytes BLOB DEFAULT x'00ff', number TEXT DEFAULT 5, twelve INTEGER DEFAULT '12');
        """#, rows: "INSERT INTO t (id) VALUES (BASE + 1);")
      let query = """
        SELECT stamp = said::timestamp, at - stamp < '2 s', abs(extract(epoch FROM now() - stamp AT TIME ZONE 'UTC')) < 60,
          said ~ '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$', day = stamp::date, year = to_char(stamp, 'YYYY'), none IS NULL,
          joined, off, "on", word, quote, price, less, sum, encode(bytes, 'hex'), number, twelve FROM t \(Self.these)
        """
      let printed = "t|t|t|t|t|t|t|ab|f|t|x|it's|1.50|-7|7|00ff|5|12"
      try both.expect(query, printed)
      try both.switchOver()
      #expect(try it.psql("INSERT INTO t DEFAULT VALUES RETURNING id") == "1002")
      #expect(try it.psql(query.replacing("BASE", with: "1001")) == printed)
    }
  }

  /// Case 33.
  @Test func `names beyond 63 bytes, of system columns, in mixed case, and of indexes that meet`() throws {
    let long = String(repeating: "n", count: 63)
    try Scenario.run { it in
      let both = try BothWays(
        it,
        """
        CREATE TABLE "\(long)ab" (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE "\(long)ac" (id INTEGER PRIMARY KEY, v TEXT);
        CREATE TABLE "Mixed Case" ("Id" INTEGER PRIMARY KEY, xmin TEXT, ctid TEXT, "select" TEXT, "\(long)x" TEXT,
          "\(long)y" TEXT, "é""q" TEXT);
        CREATE TABLE b (id INTEGER PRIMARY KEY, x TEXT); CREATE INDEX b_pkey ON b (x); CREATE INDEX "Mixed" ON b (x, id);
        """,
        rows: """
          INSERT INTO "\(long)ab" VALUES (BASE + 1, 'ab'); INSERT INTO "\(long)ac" VALUES (BASE + 1, 'ac');
          INSERT INTO "Mixed Case" VALUES (BASE + 1, '1', '2', '3', '4', '5', '6'); INSERT INTO b VALUES (BASE + 1, 'b');
          """)
      let second = "\(long.dropLast(2))_2"
      try both.expect(
        """
        SELECT xmin_, ctid_, "select", "\(long)", "\(second)", "é""q" FROM "Mixed Case" WHERE "Id" = BASE + 1;
        SELECT v FROM "\(long)" \(Self.these); SELECT v FROM "\(second)" \(Self.these); SELECT x FROM b \(Self.these)
        """, "1|2|3|4|5|6\nab\nac\nb")
      #expect(
        try it.psql("SELECT indexname FROM pg_indexes WHERE tablename = 'b' ORDER BY indexname COLLATE \"C\"")
          == "Mixed\nb_pkey\nb_pkey_2")
      for told in ["column 'xmin' is called 'xmin_'", "the table is called '\(second)'"] {
        #expect(both.sync.errors.contains(told), "\(told) in \(both.sync.errors)")
      }
    }
  }

  /// Case 34.
  @Test func `foreign keys that PostgreSQL can hold come at the switch, and the others are named`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it,
        """
        CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT, u TEXT UNIQUE);
        CREATE TABLE child (id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent ON DELETE CASCADE,
          gone INTEGER REFERENCES nowhere (id), loose TEXT REFERENCES parent (code), other TEXT REFERENCES parent (id),
          good TEXT REFERENCES parent (u) ON DELETE SET NULL);
        CREATE TABLE x (id INTEGER PRIMARY KEY, y INTEGER REFERENCES y); CREATE TABLE y (id INTEGER PRIMARY KEY,
          x INTEGER REFERENCES x DEFERRABLE INITIALLY DEFERRED); CREATE TABLE self (id INTEGER PRIMARY KEY, up INTEGER REFERENCES self);
        """,
        rows: """
          INSERT INTO child VALUES (BASE + 1, BASE + 1, 5, 'none', '1', NULL), (BASE + 2, NULL, NULL, NULL, NULL, 'uBASE');
          INSERT INTO parent VALUES (BASE + 1, 'c', 'uBASE'); INSERT INTO x VALUES (BASE + 1, BASE + 1);
          INSERT INTO y VALUES (BASE + 1, BASE + 1); INSERT INTO self VALUES (BASE + 2, BASE + 3), (BASE + 3, NULL);
          """)
      try both.expect(
        "SELECT id - BASE, p - BASE, gone, loose, other, good = 'uBASE' FROM child \(Self.these)",
        "1|1|5|none|1|\n2|||||t")
      for told in [
        "foreign key (gone) to 'nowhere' is left out: that table does not move",
        "foreign key (loose) to 'parent' is left out: the columns it refers to are not unique",
        "foreign key (other) to 'parent' is left out: the columns have different types",
      ] {
        #expect(both.sync.errors.contains(told), "\(told) in \(both.sync.errors)")
      }
      try both.switchOver()
      #expect(
        try it.psql(
          """
          SELECT conrelid::regclass, pg_get_constraintdef(oid), convalidated FROM pg_constraint
          WHERE contype = 'f' ORDER BY 1::text, 2
          """) == """
            child|FOREIGN KEY (good) REFERENCES parent(u) ON DELETE SET NULL|t
            child|FOREIGN KEY (p) REFERENCES parent(id) ON DELETE CASCADE|t
            self|FOREIGN KEY (up) REFERENCES self(id)|t
            x|FOREIGN KEY (y) REFERENCES y(id)|t
            y|FOREIGN KEY (x) REFERENCES x(id) DEFERRABLE INITIALLY DEFERRED|t
            """)
      try it.psql("DELETE FROM parent WHERE id = 1")
      #expect(try it.psql("SELECT id, good FROM child ORDER BY id") == "2|\n1001|\n1002|u1000")
    }
  }

  /// Case 34: orphans, which SQLite allows unless it is asked not to.
  @Test func `orphans move, assess names them, and the switch is refused while they are there`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it,
        "CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (id INTEGER PRIMARY KEY, p REFERENCES parent);",
        rows:
          "INSERT INTO parent VALUES (BASE + 1); INSERT INTO child VALUES (BASE + 1, BASE + 1), (BASE + 2, BASE + 500);"
      )
      try both.expect("SELECT id - BASE, p - BASE FROM child \(Self.these)", "1|1\n2|500")
      let assess = try it.changeover("assess")
      #expect(assess.output.contains("foreign key (p) to 'parent': 2 rows lead nowhere"), "\(assess.output)")
      #expect(try it.cutover("--execute").status == 1)
      try it.sqlite("DELETE FROM child WHERE p NOT IN (SELECT id FROM parent)")
      try it.waitUntilCaughtUp()
      try both.switchOver()
    }
  }

  /// Case 35.
  @Test func `CHECKs, partial and expression indexes, NOCASE, views and STRICT`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it,
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER CHECK (n > 0), mail TEXT COLLATE NOCASE UNIQUE, state TEXT,
          CHECK (length(state) < 10));
        CREATE INDEX open ON t (id) WHERE state = 'open'; CREATE UNIQUE INDEX low ON t (lower(state), id);
        CREATE VIEW opened AS SELECT id, mail FROM t WHERE state = 'open';
        CREATE VIEW odd AS SELECT printf('%d', id) AS p FROM t;
        CREATE TABLE strict (id INTEGER PRIMARY KEY, a ANY, i INT, r REAL, b BLOB, s TEXT) STRICT;
        CREATE TABLE globbed (id INTEGER PRIMARY KEY, s TEXT CHECK (s GLOB 'a*'));
        """,
        rows: """
          INSERT INTO t VALUES (BASE + 1, 5, 'Ann@BASE', 'open'), (BASE + 2, NULL, NULL, 'shut');
          INSERT INTO strict VALUES (BASE + 1, 'x', 1, 1.5, x'00', 's'), (BASE + 2, 5, -1, 2, x'00', '');
          INSERT INTO globbed VALUES (BASE + 1, 'ab');
          """)
      #expect(try it.targetTypes("strict") == "id bigint, a text, i bigint, r double precision, b bytea, s text")
      try both.expect(
        """
        SELECT id - BASE, n, mail = 'ANN@BASE', state FROM t \(Self.these);
        SELECT id - BASE, a, i, r, encode(b, 'hex'), s FROM strict \(Self.these);
        SELECT id - BASE, mail = 'Ann@BASE' FROM opened \(Self.these)
        """,
        "1|5|t|open\n2|||shut\n1|x|1|1.5|00|s\n2|5|-1|2|00|\n1|t")
      #expect(both.sync.errors.contains("'odd' stays out: view: printf()"), "\(both.sync.errors)")
      try it.expectEqual()
      try both.switchOver()
      #expect(
        try it.psql("SELECT indexdef FROM pg_indexes WHERE indexname IN ('open', 'low') ORDER BY indexname") == """
          CREATE UNIQUE INDEX low ON public.t USING btree (lower(state), id)
          CREATE INDEX open ON public.t USING btree (id) WHERE (state = 'open'::text)
          """)
      try it.psql("INSERT INTO t (n, state, mail) VALUES (1, 'open', 'Bob'); INSERT INTO globbed (s) VALUES ('a')")
      #expect(try it.psql("SELECT mail FROM opened WHERE mail = 'BOB'") == "Bob")
      for refused in [
        "INSERT INTO t (n) VALUES (0)", "INSERT INTO t (state) VALUES ('ten letters')",
        "INSERT INTO t (mail) VALUES ('BOB')", "INSERT INTO globbed (s) VALUES ('Ab')",
      ] {
        #expect(throws: Program.Failed.self, "\(refused)") { try it.psql(refused) }
      }
    }
  }
}
