import Testing

/// Tables that the user made before changeover ran (case 36).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct UserTargetTests {
  private static let source = """
    CREATE TABLE depot (id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, name TEXT);
    CREATE TABLE parcel (
      number TEXT PRIMARY KEY, depot INTEGER REFERENCES depot (id) ON DELETE CASCADE, weight REAL, label BLOB);
    CREATE INDEX parcel_weight ON parcel (weight);
    CREATE TABLE note (id INTEGER PRIMARY KEY, parcel TEXT, text TEXT);
    INSERT INTO depot (id, code, name) VALUES (1, 'N', 'North'), (7, 'S', NULL);
    INSERT INTO parcel VALUES ('p-1', 1, 1.5, x'00ff'), ('p-2', 7, NULL, NULL);
    INSERT INTO note VALUES (1, 'p-1', 'fragile'), (2, NULL, '');
    """
  private static let target = """
    CREATE TABLE depot (
      name varchar(20), "Code" varchar(8) NOT NULL UNIQUE, id bigserial PRIMARY KEY,
      row_version bigint NOT NULL DEFAULT 1, opened timestamptz NOT NULL DEFAULT now());
    CREATE TABLE "Parcel" (
      number varchar(10) PRIMARY KEY, depot bigint REFERENCES depot ON DELETE CASCADE,
      weight double precision CHECK (weight > 0), label bytea);
    CREATE TABLE invoice (id bigint PRIMARY KEY, parcel varchar(10) REFERENCES "Parcel" ON UPDATE CASCADE);
    CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN NEW.row_version := NEW.row_version + 1; RETURN NEW; END $$;
    CREATE TRIGGER versions BEFORE UPDATE ON depot FOR EACH ROW EXECUTE FUNCTION count_up();
    CREATE TRIGGER off BEFORE INSERT ON depot FOR EACH ROW EXECUTE FUNCTION count_up();
    ALTER TABLE depot DISABLE TRIGGER off;
    CREATE TRIGGER everywhere BEFORE UPDATE ON depot FOR EACH ROW EXECUTE FUNCTION count_up();
    ALTER TABLE depot ENABLE ALWAYS TRIGGER everywhere;
    """

  private func constraints(_ it: Scenario) throws -> String {
    try it.psql(
      """
      SELECT conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint
      WHERE contype = 'f' ORDER BY 1::text, 2;
      SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE '\\_changeover%' ORDER BY 1
      """)
  }

  private func rows(_ it: Scenario) throws -> String {
    try it.psql(
      """
      SELECT id, "Code", name, row_version FROM depot ORDER BY id;
      SELECT number, depot, weight, encode(label, 'hex') FROM "Parcel" ORDER BY number; SELECT * FROM note ORDER BY id
      """)
  }

  @Test func `they are filled, followed and given back as they were`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.source)
      try it.psql(Self.target)
      let before = try constraints(it)
      let sync = try it.startStreaming()
      #expect(sync.everythingSaid.contains("index 'parcel_weight' is not on your table"), "\(sync.everythingSaid)")
      #expect(
        try rows(it)
          == """
          1|N|North|1
          7|S||1
          p-1|1|1.5|00ff
          p-2|7||
          1|p-1|fragile
          2||
          """)
      // Parents come and go while their children stay: no key cascades, no trigger of the user's fires.
      try it.sqlite(
        """
        INSERT OR REPLACE INTO depot (id, code, name) VALUES (1, 'N', 'Far north');
        INSERT INTO depot (code) VALUES ('E'); DELETE FROM note WHERE id = 2; UPDATE parcel SET weight = 2.5;
        """)
      try it.waitUntilCaughtUp()
      let expected = """
        1|N|Far north|1
        7|S||1
        8|E||1
        p-1|1|2.5|00ff
        p-2|7|2.5|
        1|p-1|fragile
        """
      #expect(try rows(it) == expected)
      #expect(try constraints(it) == "everywhere|D\noff|D\nversions|D")
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      #expect(try rows(it) == expected)
      #expect(try constraints(it) == before)
      try it.expectFollowsBack(sync)
      #expect(try it.psql("INSERT INTO depot (\"Code\") VALUES ('W') RETURNING id") == "9")
      #expect(try it.psql("UPDATE depot SET name = 'South' WHERE id = 7 RETURNING row_version") == "3")
      #expect(try it.psql("INSERT INTO note (text) VALUES ('x') RETURNING id") == "2")
      #expect(throws: Program.Failed.self) { try it.psql("INSERT INTO invoice VALUES (1, 'nowhere')") }
    }
  }

  @Test func `starting over empties them and leaves them as they were`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.source)
      try it.psql(Self.target)
      let before = try constraints(it)
      try it.copyAll()
      #expect(try constraints(it) != before)
      // Nothing that can be moved is left, so that only what was there is given back.
      let result = try it.changeover("sync", "--until-caught-up", "--reseed", "--include", "nothing*")
      #expect(result.status == 65, "\(result.errors)")
      #expect(try constraints(it) == before)
      #expect(try it.psql("SELECT count(*) FROM depot") == "0")
      #expect(try it.psql("SELECT count(*) FROM pg_class WHERE relname = 'note'") == "0")
      #expect(try it.psql("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '\\_changeover%'") == "0")
      try it.copyAll()
      #expect(try it.psql("SELECT count(*) FROM depot") == "2")
    }
  }

  @Test func `everything that cannot work is said at once, before anything is written`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.source)
      try it.psql(
        """
        CREATE TABLE depot (id bigint GENERATED ALWAYS AS IDENTITY, code point, extra text NOT NULL, PRIMARY KEY (id, extra));
        CREATE VIEW parcel AS SELECT 1;
        CREATE TABLE note (id bigint PRIMARY KEY, parcel text, text text); INSERT INTO note VALUES (1);
        """)
      let objects = try it.targetObjects()
      let schema = try it.sourceSchema()
      let sync = try it.changeover("sync", "--until-caught-up")
      #expect(sync.status == 78)
      for text in [
        "'depot' has no column 'name'", "GENERATED ALWAYS and takes no values", "has the type point",
        "column 'extra' of 'depot' is NOT NULL without a DEFAULT", "over exactly (\"id\")", "'parcel' is a view",
        "'note' holds rows already: empty it (TRUNCATE \"public\".\"note\";)",
      ] {
        #expect(sync.errors.contains(text), "\(text) in \(sync.errors)")
      }
      #expect(try it.targetObjects() == objects)
      #expect(try it.sourceSchema() == schema)
    }
  }

  @Test func `rows that do not fit are counted before anything is written`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.source + "INSERT INTO parcel VALUES ('p-3', NULL, 'heavy', NULL), ('p-4', 1, 'light', 'x');")
      try it.psql(Self.target)
      let objects = try it.targetObjects()
      let sync = try it.changeover("sync", "--until-caught-up")
      #expect(sync.status == 65)
      #expect(
        sync.errors.contains("column 'weight' of 'parcel' holds")
          && sync.errors.contains("2 rows; one has the key 'p-3'"),
        "\(sync.errors)")
      #expect(sync.errors.contains("column 'label' of 'parcel'"), "\(sync.errors)")
      #expect(try it.targetObjects() == objects)
    }
  }

  @Test func `rows that break its constraints go to the quarantine, while copying and after`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.source + "INSERT INTO parcel VALUES ('p-3', 1, -1, NULL);")
      try it.psql(Self.target + "ALTER TABLE depot ADD UNIQUE (name);")
      let sync = try it.startStreaming()
      try it.waitUntilCaughtUp()
      #expect(try it.lag().quarantined == 1)
      #expect(try it.psql("SELECT count(*) FROM \"Parcel\"") == "2")
      try it.sqlite("INSERT INTO depot (code, name) VALUES ('X', 'North')")
      try it.waitUntilCaughtUp()
      #expect(try it.lag().quarantined == 2)
      let (status, report) = try it.cutover("--execute")
      #expect(status == 1, "\(report)")
      try it.sqlite("UPDATE parcel SET weight = 1 WHERE number = 'p-3'; UPDATE depot SET name = 'X' WHERE code = 'X'")
      try it.waitUntilCaughtUp()
      #expect(try it.lag().quarantined == 0)
      #expect(try it.cutover("--execute").status == 0)
      #expect(try it.psql("SELECT weight FROM \"Parcel\" WHERE number = 'p-3'") == "1")
      try it.expectFollowsBack(sync)
    }
  }

  /// A switch that dies before its decision is taken back: keys and triggers are put aside again.
  @Test func `a switch that did not decide leaves them following`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.source)
      try it.psql(Self.target)
      let before = try constraints(it)
      try it.copyAll()
      let aside = try constraints(it)
      let process = try it.startCutover(fault: "target-committed")
      #expect(try process.process.wait() == -9)
      #expect(try constraints(it) != aside, "the target's side of the switch had them back")
      try it.copyAll()
      #expect(try constraints(it) == aside)
      try it.sqlite("UPDATE depot SET name = 'South' WHERE id = 7")
      #expect(try it.cutover("--execute").status == 0)
      #expect(try constraints(it) == before)
      #expect(try it.psql("SELECT name, row_version FROM depot WHERE id = 7") == "South|1")
    }
  }
}
