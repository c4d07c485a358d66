import Testing

/// Values that other tools bend (cases 24 to 29), by copy and by streaming.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct ValueCaseTests {
  private static let these = "WHERE id > BASE AND id < BASE + 1000 ORDER BY id"

  /// Case 24.
  @Test func `a hundred thousand random doubles, bit by bit`() throws {
    try Scenario.run { it in
      let seed = Int.random(in: 0...1_000_000)
      try it.sqlite("CREATE TABLE d (id INTEGER PRIMARY KEY, r REAL, u);")
      let copied = try Program.python("random_doubles.py", [it.source, "0", "50000", "\(seed)"]).trimmed
      let sync = try it.startStreaming()
      let streamed = try Program.python("random_doubles.py", [it.source, "50000", "50000", "\(seed + 1)"]).trimmed
      try it.waitUntilCaughtUp()
      for (column, isCopied) in [("r", true), ("r", false), ("u", true), ("u", false)] {
        let sum = try it.psql(
          """
          SELECT md5(string_agg(encode(float8send(\(column)), 'hex'), '' ORDER BY id)) FROM d
          WHERE id \(isCopied ? "<=" : ">") 50000
          """)
        #expect(sum == (isCopied ? copied : streamed), "\(column), seed \(seed)")
      }
      #expect(try sync.stop() == 0)
    }
  }

  /// Case 24.
  @Test func `the limits of integers, minus zero, and every byte`() throws {
    let bytes = (0...255).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    try Scenario.run { it in
      let both = try BothWays(
        it, "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, r REAL, u, b BLOB, s TEXT);",
        rows: """
          INSERT INTO t VALUES
            (BASE + 1, 9223372036854775807, -0.0, -0.0, x'\(bytes)', char(1, 127, 128, 2047, 2048, 65533, 65536, 1114111)),
            (BASE + 2, -9223372036854775808, 9007199254740993, 1.5, x'00', char(10, 13, 9, 92, 34, 39));
          """)
      try both.expect(
        """
        SELECT n, encode(float8send(r), 'hex'), encode(float8send(u), 'hex'), encode(b, 'hex'),
          encode(convert_to(s, 'UTF8'), 'hex') FROM t \(Self.these)
        """,
        """
        9223372036854775807|0000000000000000|8000000000000000|\(bytes)|017fc280dfbfe0a080efbfbdf0908080f48fbfbf
        -9223372036854775808|4340000000000000|3ff8000000000000|00|0a0d095c2227
        """)
    }
  }

  /// Case 25: what PostgreSQL's text cannot hold goes to the quarantine, never in another form.
  @Test func `NUL, invalid UTF-8, lone surrogates, and the empty text beside NULL`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it, "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT, b BLOB);",
        rows: """
          INSERT INTO t VALUES (BASE + 1, '', x''), (BASE + 2, NULL, NULL), (BASE + 3, 'a' || char(0) || 'b', x'00'),
            (BASE + 4, CAST(x'ff' AS TEXT), x'01'), (BASE + 5, CAST(x'eda080' AS TEXT), x'02'),
            (BASE + 6, 'ok ' || char(128512), x'03');
          """)
      try both.expect(
        "SELECT id - BASE, s IS NULL, s, b IS NULL, encode(b, 'hex') FROM t \(Self.these)",
        """
        1|f||f|
        2|t||t|
        6|f|ok 😀|f|03
        """)
      #expect(
        try it.psql("SELECT reason, count(*) FROM changeover.quarantine GROUP BY reason ORDER BY reason COLLATE \"C\"")
          == """
          holds text that is not valid UTF-8|4
          holds text with a NUL character, which PostgreSQL text cannot|2
          """)
    }
  }

  /// Case 25.
  @Test(arguments: [("strip", "ab"), ("bytea", #"\x610062"#)])
  func `NUL characters as the user wants them`(choice: String, printed: String) throws {
    try Scenario.run { it in
      let both = try BothWays(
        it, "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT);",
        rows: "INSERT INTO t VALUES (BASE + 1, 'a' || char(0) || 'b'), (BASE + 2, NULL);",
        arguments: ["--nul", choice])
      try both.expect("SELECT id - BASE, s FROM t \(Self.these)", "1|\(printed)\n2|")
      #expect(try it.lag().quarantined == 0)
    }
  }

  /// Case 26.
  @Test func `values of another storage class than their column's`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it, "CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, s TEXT, r INTEGER, n NUMERIC);",
        rows: """
          INSERT INTO t VALUES (BASE + 1, 5, 'x', 1, 2), (BASE + 2, 'five', x'00ff', 1.5, 'abc'),
            (BASE + 3, '7', 8, 2, '1.50'), (BASE + 4, x'41', 'A', -1.5, x'01');
          """)
      #expect(try it.targetTypes("t") == "id bigint, i text, s text, r double precision, n text")
      try both.expect(
        "SELECT id - BASE, i, s, r, n FROM t \(Self.these)",
        #"""
        1|5|x|1|2
        2|five|\x00ff|1.5|abc
        3|7|8|2|1.5
        4|\x41|A|-1.5|\x01
        """#)
      try it.expectEqual()
    }
  }

  /// Case 27.
  @Test func `booleans in all spellings`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it, "CREATE TABLE t (id INTEGER PRIMARY KEY, bit BOOLEAN, word BOOL, three BOOLEAN, blank BOOLEAN);",
        rows: """
          INSERT INTO t VALUES (BASE + 1, 0, 't', 0, 1), (BASE + 2, 1, 'f', 1, ''), (BASE + 3, NULL, 'true', 2, 0),
            (BASE + 4, 1, 'false', NULL, NULL);
          """)
      #expect(try it.targetTypes("t") == "id bigint, bit boolean, word boolean, three bigint, blank text")
      try both.expect(
        "SELECT id - BASE, bit, word, three, blank FROM t \(Self.these)",
        """
        1|f|t|0|1
        2|t|f|1|
        3||t|2|0
        4|t|f||
        """)
    }
  }

  /// Case 27.
  @Test func `timestamps in all spellings, and words that PostgreSQL would turn into the time of the move`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it,
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, space DATETIME, t DATETIME, zoned DATETIME, mixed DATETIME, s DATETIME,
          ms DATETIME, us DATETIME, julian DATETIME, words DATETIME, blank DATETIME, nodate DATE, year DATE);
        """,
        rows: """
          INSERT INTO t VALUES
            (BASE + 1, '2024-01-02 03:04:05', '2024-01-02T03:04:05.5', '2024-01-02T03:04:05Z', '2024-01-02T03:04:05Z',
              1700000000, 1627303906122, 1700000000000001, 2460000.5, 'now', '', '2024-02-30', '1627303906122-01-01'),
            (BASE + 2, '2024-01-02 03:04:05.123456', '2024-01-02', '2024-01-02 03:04:05+05:30', '2024-01-02 03:04:05',
              1700000000.25, 1627303906123, 1700000000000002, 2460000.25, 'today', '2024-01-01', '2024-02-29',
              '2024-01-01');
          """)
      #expect(
        try it.targetTypes("t")
          == [
            "id bigint", "space timestamp without time zone", "t timestamp without time zone",
            "zoned timestamp with time zone", "mixed text", "s timestamp without time zone",
            "ms timestamp without time zone", "us timestamp without time zone", "julian timestamp without time zone",
            "words text", "blank text", "nodate text", "year text",
          ].joined(separator: ", "))
      try both.expect(
        "SELECT space, t, zoned, mixed, s, ms, us, julian, words, blank, nodate, year FROM t \(Self.these)",
        """
        2024-01-02 03:04:05|2024-01-02 03:04:05.5|2024-01-02 03:04:05+00|2024-01-02T03:04:05Z|2023-11-14 22:13:20\
        |2021-07-26 12:51:46.122|2023-11-14 22:13:20.000001|2023-02-25 00:00:00|now||2024-02-30|1627303906122-01-01
        2024-01-02 03:04:05.123456|2024-01-02 00:00:00|2024-01-01 21:34:05+00|2024-01-02 03:04:05\
        |2023-11-14 22:13:20.25|2021-07-26 12:51:46.123|2023-11-14 22:13:20.000002|2023-02-24 18:00:00|today\
        |2024-01-01|2024-02-29|2024-01-01
        """)
    }
  }

  /// Case 27: words and dates that are none come into a column that was seen without them.
  @Test func `a word that comes later is no moment`() throws {
    try Scenario.run { it in
      try it.sqlite(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME, d DATE); INSERT INTO t VALUES (1, '2024-01-02 03:04:05', NULL);"
      )
      let sync = try it.startStreaming()
      try it.sqlite(
        """
        INSERT INTO t VALUES (2, 'now', NULL), (3, 'infinity', NULL), (4, NULL, '2024-02-30'), (5, NULL, 'today'),
          (6, 1627303906122, NULL), (7, '2024-01-02T00:00:00', '2024-02-29');
        """)
      try it.waitUntilCaughtUp()
      #expect(
        try it.psql("SELECT id, at, d FROM t ORDER BY id")
          == "1|2024-01-02 03:04:05|\n7|2024-01-02 00:00:00|2024-02-29")
      #expect(try it.lag().quarantined == 5)
      #expect(try sync.stop() == 0)
    }
  }

  /// Case 28.
  @Test func `decimals keep their digits, and mangled UUIDs are reported`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it,
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, price DECIMAL(10,2), many DECIMAL(30,10), tiny NUMERIC, exact TEXT,
          token UUID);
        """,
        rows: """
          INSERT INTO t VALUES
            (BASE + 1, '1.10', '12345678901234567890', 1e-10, '12345678901234567890', '12345678901234567890123456789012'),
            (BASE + 2, 99999999.99, 0.1, 0.1, '1.10', 'f47ac10b-58cc-4372-a567-0e02b2c3d479'),
            (BASE + 3, -5, 2, 3, '0.0000000001', NULL);
          """, arguments: ["--type", "t.exact=numeric"])
      #expect(
        try it.targetTypes("t")
          == "id bigint, price numeric(10,2), many numeric(30,10), tiny numeric, exact numeric, token text")
      // The file itself holds no more of the twenty digits than a double does.
      try both.expect(
        "SELECT price, many, tiny, exact, token FROM t \(Self.these)",
        """
        1.10|12345678901234567000.0000000000|0.0000000001|12345678901234567890|1.2345678901234567e+31
        99999999.99|0.1000000000|0.1|1.10|f47ac10b-58cc-4372-a567-0e02b2c3d479
        -5.00|2.0000000000|3|0.0000000001|
        """)
      let assess = try it.changeover("assess")
      #expect(assess.output.contains("t.token: 2 values of 4 became numbers"), "\(assess.output)")
    }
  }

  /// Case 29.
  @Test func `text beyond its VARCHAR, and JSON that PostgreSQL would refuse or rearrange`() throws {
    try Scenario.run { it in
      let both = try BothWays(
        it,
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, short VARCHAR(3), broken JSON, twice JSON, nul JSON, twice_b JSONB,
          nul_b JSONB, plain_b JSONB);
        """,
        rows: #"""
          INSERT INTO t VALUES (BASE + 1, 'too long', '{"a":', '{"a": 1, "a": 2}', '{"a": "\u0000"}', '{"a": 1, "a": 2}',
            '"\u0000"', '{"b":1, "a":1.0}'), (BASE + 2, 'äöü', '{}', '[ 1.0 ]', '"x"', '[ 1.0 ]', '"x"', '[]');
          """#)
      #expect(
        try it.targetTypes("t")
          == "id bigint, short text, broken text, twice json, nul json, twice_b text, nul_b text, plain_b jsonb")
      try both.expect(
        "SELECT short, broken, twice, nul, twice_b, nul_b, plain_b FROM t \(Self.these)",
        #"""
        too long|{"a":|{"a": 1, "a": 2}|{"a": "\u0000"}|{"a": 1, "a": 2}|"\u0000"|{"a": 1.0, "b": 1}
        äöü|{}|[ 1.0 ]|"x"|[ 1.0 ]|"x"|[]
        """#)
      try it.expectEqual()
    }
  }
}
