import TestSupport
import Testing

/// Declared types arrive as PostgreSQL has them, by copy and by streaming, and as the user says otherwise (cases 27 to 29,
/// 31, 35).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct NativeTypeTests {
  private static let schema = """
    CREATE TABLE t (id INTEGER PRIMARY KEY, b BOOLEAN, d DATE, at DATETIME, zoned TIMESTAMP, tm TIME, n DECIMAL(10,2),
      m NUMERIC, u UUID, j JSON, jb JSONB, r REAL, i INT, s VARCHAR(3), x BLOB, name TEXT COLLATE NOCASE, unix DATETIME,
      julian DATETIME, odd DATETIME);
    CREATE TABLE k (id UUID PRIMARY KEY NOT NULL, at TIMESTAMP UNIQUE);
    CREATE TABLE child (id INTEGER PRIMARY KEY, k UUID REFERENCES k (id));
    """
  private static let uuid = "f47ac10b-58cc-4372-a567-0e02b2c3d479"

  private static func row(_ id: Int) -> String {
    """
    INSERT INTO t VALUES (\(id), \(id % 2), '2024-02-29', '2024-01-02 08:00:0\(id)', '2024-01-02T08:00:00+02:00', '08:30:00',
      1.10, 12345678901234.5, '\(uuid)', '{"a":  1}', '{"b": 2, "a": 1}', 0.1, 7, 'toolong', x'00ff', 'Name\(id)',
      1700000000, 2460000.5, \(id == 1 ? "'soon'" : "5"));
    """
  }

  private static let key =
    "INSERT INTO k VALUES ('\(uuid)', '2024-01-02 08:00:00'); INSERT INTO child VALUES (1, '\(uuid)');"

  private func types(_ it: Scenario, _ table: String) throws -> String {
    try it.psql(
      """
      SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = '\(table)'::regclass AND a.attnum > 0
      """)
  }

  @Test func `native types by copy and by streaming`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.schema + Self.row(1) + Self.row(2) + Self.key)
      let sync = try it.startStreaming()
      let citext = try it.psql("SELECT to_regtype('citext') IS NOT NULL") == "t" ? "citext" : "text"
      #expect(
        try types(it, "t")
          == [
            "id bigint", "b boolean", "d date", "at timestamp without time zone", "zoned timestamp with time zone",
            "tm time without time zone", "n numeric(10,2)", "m numeric", "u uuid", "j json", "jb jsonb",
            "r double precision", "i bigint", "s text", "x bytea", "name \(citext)", "unix timestamp without time zone",
            "julian timestamp without time zone", "odd text",
          ].joined(separator: ", "))
      #expect(try types(it, "k") == "id uuid, at timestamp without time zone")
      #expect(try types(it, "child") == "id bigint, k uuid")
      try it.sqlite(
        Self.row(3) + "UPDATE t SET b = 1 - b WHERE id = 1; INSERT INTO k VALUES ('a\(Self.uuid.dropFirst())', NULL);")
      try it.waitUntilCaughtUp()
      let values = try it.psql(
        """
        SET timezone = 'UTC';
        SELECT id, b, d, at, zoned, tm, n, m, u, j, jb, r, i, s, x, name, unix, julian, odd FROM t ORDER BY id
        """)
      for (line, id) in zip(values.split(separator: "\n"), 1...) {
        let odd = id == 1 ? "soon" : "5"
        #expect(
          line == """
            \(id)|\(id == 2 ? "f" : id == 1 ? "f" : "t")|2024-02-29|2024-01-02 08:00:0\(id)|2024-01-02 06:00:00+00|08:30:00\
            |1.10|12345678901234.5|\(Self.uuid)|{"a":  1}|{"a": 1, "b": 2}|0.1|7|toolong|\\x00ff|Name\(id)\
            |2023-11-14 22:13:20|2023-02-25 00:00:00|\(odd)
            """)
      }
      #expect(values.split(separator: "\n").count == 3)
      #expect(try it.psql("SELECT count(*) FROM k") == "2")
      #expect(try it.psql("SELECT count(*) FROM changeover.quarantine") == "0")
      // A key in another spelling is another key to SQLite: it is refused, not merged.
      try it.sqlite("INSERT INTO k VALUES (upper('\(Self.uuid)'), NULL);")
      try it.waitUntilCaughtUp()
      #expect(try it.psql("SELECT count(*) FROM k") == "2")
      #expect(try it.psql("SELECT table_name FROM changeover.quarantine") == "k")
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `what the file and the flags say goes before what is declared`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE Orders (Id INTEGER PRIMARY KEY, total REAL, at INTEGER, secret TEXT UNIQUE, placed DATETIME, code INT);
        INSERT INTO Orders VALUES (1, 9.5, 1700000000123, 'x', '2024-07-01 12:00:00', 7), (2, 1.25, 0, 'y', '', 8);
        CREATE TABLE dropped (id INTEGER PRIMARY KEY);
        """)
      let file = it.directory + "/changeover.toml"
      try Files.write(
        """
        types = "strict"
        lower-case-names = true
        timezone = "Europe/Berlin"
        empty-dates = "null"
        [tables.orders]
        rename = "customer_orders"
        [tables.orders.columns.total]
        type = "numeric(8,2)"
        rename = "amount"
        [tables.orders.columns]
        secret = { exclude = true }
        [tables.dropped]
        exclude = true

        """, to: file)
      let sync = try it.startStreaming(
        "--config", file, "--type", "orders.at=timestamptz", "--time", "orders.at=milliseconds", "--rename",
        "orders.total=sum")
      #expect(
        try types(it, "customer_orders")
          == "id bigint, sum numeric(8,2), at timestamp with time zone, placed timestamp with time zone, code integer")
      try it.sqlite("INSERT OR REPLACE INTO Orders VALUES (3, 0.5, 1000, 'x', NULL, 9);")
      try it.waitUntilCaughtUp()
      #expect(
        try it.psql("SET timezone = 'UTC'; SELECT * FROM customer_orders ORDER BY id") == """
          2|1.25|1970-01-01 00:00:00+00||8
          3|0.50|1970-01-01 00:00:01+00||9
          """)
      #expect(try it.psql("SELECT to_regclass('dropped') IS NULL") == "t")
      // The same tables after a restart.
      #expect(try sync.stop() == 0)
      try it.sqlite("UPDATE Orders SET total = 2.5, secret = 'z' WHERE id = 2;")
      #expect(try it.changeover("sync", "--until-caught-up", "--config", file).status == 0)
      #expect(try it.psql("SELECT sum FROM customer_orders WHERE id = 2") == "2.50")
    }
  }

  @Test func `settings that the source contradicts are refused before anything is written`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, n DECIMAL(10,2), d DATE);
        INSERT INTO t VALUES (41, 1.255, '2024-01-01'), (42, 2.5, 'soon');
        """)
      let schema = try it.sourceSchema()
      let file = it.directory + "/changeover.toml"
      func expect(_ toml: String, _ arguments: [String] = [], _ words: String..., line: Int = #line) throws {
        try Files.write(toml, to: file)
        let result = try Program.run(
          [Scenario.binary, "sync", "--until-caught-up", "--config", file] + arguments, environment: it.environment)
        #expect(result.status == 78, "line \(line): \(result.errors)")
        for word in words { #expect(result.errors.contains(word), "'\(word)' in: \(result.errors)") }
        #expect(try it.sourceSchema() == schema)
      }
      try expect("types = \"loose\"\n", [], "line 1", "'types' is 'loose'", "native, strict, storage")
      try expect("# \n[tables.t]\ncolour = 1\n", [], "line 3", "'tables.t.colour' is not a setting")
      try expect("[tables.t.columns.n]\ntype = \"decimel\"\n", [], "line 2", "no type")
      try expect("[tables.t.columns.n]\ntype = 5\n", [], "line 2", "is not a string")
      try expect("\n[tables.u]\nexclude = false\n", [], "line 2", "no table 'u'")
      try expect("[tables.t.columns.z]\ntype = \"text\"\n", [], "line 1", "no column 'z'")
      try expect("[tables.t.columns.id]\nexclude = true\n", [], "part of the key")
      try expect("timezone = \"Europe/Atlantis\"\n", [], "line 1", "Europe/Atlantis")
      try expect("", ["--type", "t.d=date"], "--type t.d=date", "1 of 2 values do not fit", "key 42")
      try expect("", ["--type", "t.id=text"], "is the INTEGER PRIMARY KEY")
      try expect("", ["--rename", "t.n=d"], "would both be called 'd'")
      #expect(try it.changeover("sync", "--types", "loose").status == 64)
      #expect(try it.changeover("sync", "--type", "t=date").status == 64)
      let quarantining = try it.changeover(
        "sync", "--until-caught-up", "--type", "t.d=date", "--misfits", "quarantine")
      #expect(quarantining.status == 0, "\(quarantining.errors)")
      #expect(try it.psql("SELECT id, d FROM t") == "41|2024-01-01")
      #expect(try it.psql("SELECT count(*) FROM changeover.quarantine") == "1")
    }
  }
}
