import Glibc
import Testing

/// The source is not the file it was, or its schema moved (cases 8, 11, 17).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct ReplacedSourceTests {
  private static let contents = """
    SELECT (SELECT count(*) FROM account), (SELECT sum(balance) FROM account), (SELECT count(*) FROM event)
    """

  /// A whole copy of the file as it is now, as a backup would make it.
  private func backUp(_ it: Scenario) throws -> String {
    let path = it.directory + "/backup-\(UInt32.random(in: 0 ... .max)).db"
    try it.sqlite("VACUUM INTO '\(path)';")
    try it.sqlite("PRAGMA journal_mode = wal;", path)
    return path
  }

  private func putInPlace(_ copy: String, _ it: Scenario) {
    unlink(it.source + "-wal")
    unlink(it.source + "-shm")
    rename(copy, it.source)
  }

  @Test func `an older copy put in place while it runs stops the sync and nothing is lost on the target`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 100)
      try it.sqlite("DROP TABLE event; CREATE TABLE event (id INTEGER PRIMARY KEY, kind, payload, at);")
      let sync = try it.startStreaming()
      let copy = try backUp(it)
      try it.sqlite(
        "DELETE FROM account WHERE id < 50; UPDATE account SET balance = 0; INSERT INTO event VALUES (1, 'x', NULL, 1);"
      )
      try it.waitUntilCaughtUp()
      let before = try it.psql(Self.contents)
      putInPlace(copy, it)
      #expect(try sync.wait() == 65)
      #expect(
        sync.errors.contains("was replaced by another file") && sync.errors.contains("--reseed"), "\(sync.errors)")
      // It stays refused, also once the copy has as many changes as the file that is gone.
      for _ in 0..<200 { try it.sqlite("UPDATE account SET balance = balance + 1 WHERE id = 3;"); break }
      try it.sqlite("UPDATE account SET balance = 1; UPDATE account SET balance = 2; UPDATE account SET balance = 3;")
      let again = try it.changeover("sync", "--until-caught-up")
      #expect(again.status == 65 && again.errors.contains("--reseed"), "\(again.errors)")
      #expect(try it.psql(Self.contents) == before)
      let reseeded = try it.changeover("sync", "--until-caught-up", "--reseed")
      #expect(reseeded.status == 0, "\(reseeded.errors)")
      try it.expectEqual()
    }
  }

  /// Cases 16 and 17: what a power cut takes back looks the same, and its numbers are used again.
  @Test func `an older copy put in place while nothing runs is refused with the evidence`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 100)
      try it.sqlite("DROP TABLE event; CREATE TABLE event (id INTEGER PRIMARY KEY, kind, payload, at);")
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      let copy = try backUp(it)
      try it.sqlite("DELETE FROM account WHERE id < 50;")
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      let before = try it.psql(Self.contents)
      putInPlace(copy, it)
      let refused = try it.changeover("sync", "--until-caught-up")
      #expect(
        refused.status == 65 && refused.errors.contains("older copy") && refused.errors.contains("change "),
        "\(refused.errors)")
      // The copy reaches the same number with the same keys: the nonce tells them apart.
      try it.sqlite("DELETE FROM account WHERE id < 50;")
      let again = try it.changeover("sync", "--until-caught-up")
      #expect(again.status == 65 && again.errors.contains("older copy"), "\(again.errors)")
      #expect(try it.psql(Self.contents) == before)
      #expect(try it.changeover("sync", "--until-caught-up", "--reseed").status == 0)
      try it.expectEqual()
    }
  }

  @Test func `a copy from before the triggers is refused, and reseed copies it anew`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 100)
      let copy = try backUp(it)
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      let before = try it.psql(Self.contents)
      putInPlace(copy, it)
      let schema = try it.sourceSchema()
      let refused = try it.changeover("sync", "--until-caught-up")
      #expect(refused.status == 65 && refused.errors.contains("--reseed"), "\(refused.errors)")
      #expect(try it.psql(Self.contents) == before)
      #expect(try it.sourceSchema() == schema)
      let reseeded = try it.changeover("sync", "--until-caught-up", "--reseed")
      #expect(reseeded.status == 0, "\(reseeded.errors)")
      try it.expectEqual()
    }
  }

  /// Restoring may write into the very file: device and inode stay, and SQLite sees a commit like any other.
  @Test(arguments: [0, 400])
  func `a backup restored into the file itself is noticed, also once it has more changes`(writes: Int) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 100)
      let sync = try it.startStreaming()
      try it.sqlite("UPDATE account SET balance = 1;")
      try it.waitUntilCaughtUp()
      let copy = try backUp(it)
      try it.sqlite("DELETE FROM account WHERE id < 50; UPDATE account SET balance = 0;")
      try it.waitUntilCaughtUp()
      let before = try it.psql(Self.contents)
      sync.send(SIGSTOP)
      // SQLite's own backup, into the file that is there; then the application goes on.
      let restored = try Program.run([
        "python3", "-c",
        """
        import sqlite3, sys
        a, b = sqlite3.connect(sys.argv[1]), sqlite3.connect(sys.argv[2])
        a.backup(b)
        b.isolation_level = None
        for turn in range(int(sys.argv[3])):
            b.execute("UPDATE account SET balance = ? WHERE id = 60", (turn,))
        """, copy, it.source, "\(writes)",
      ])
      #expect(restored.status == 0, "\(restored.errors)")
      sync.send(SIGCONT)
      #expect(try sync.wait() == 65, "\(sync.errors)")
      #expect(sync.errors.contains("is not the file that was captured"), "\(sync.errors)")
      #expect(sync.errors.contains("put the right file back") && sync.errors.contains("--reseed"), "\(sync.errors)")
      #expect(try it.psql(Self.contents) == before)
      #expect(try it.changeover("sync", "--until-caught-up", "--reseed").status == 0)
      try it.expectEqual()
    }
  }

  @Test(arguments: [true, false])
  func `another application's file in its place is refused`(running: Bool) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      let sync = running ? try it.startStreaming() : nil
      if !running { try it.copyAll() }
      let before = try it.psql(Self.contents)
      let other = it.directory + "/other.db"
      try it.sqlite(
        "PRAGMA journal_mode = wal; CREATE TABLE slot (id INTEGER PRIMARY KEY); INSERT INTO slot VALUES (1);", other)
      putInPlace(other, it)
      let ended = try sync ?? it.start("sync")
      #expect(try ended.wait() == 65, "\(ended.errors)")
      #expect(ended.errors.contains("put the right file back") && ended.errors.contains("--reseed"), "\(ended.errors)")
      #expect(try it.psql(Self.contents) == before)
      #expect(try it.sourceSchema().contains("_changeover") == false)
    }
  }

  @Test func `a file that was moved goes on where it is now, with its state directory`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      try it.copyAll()
      try it.sqlite("UPDATE slot SET holder = 'before';")
      let state = it.stateDirectory
      let moved = it.directory + "/moved.db"
      for suffix in ["", "-wal", "-shm"] { rename(it.source + suffix, moved + suffix) }
      it.source = moved
      try it.sqlite("UPDATE slot SET holder = 'after' WHERE id % 2;")
      // The state directory beside the new place would be a new one: it is refused, as another's.
      let refused = try it.changeover("sync", "--until-caught-up")
      #expect(refused.status == 75 && refused.errors.contains("--state"), "\(refused.errors)")
      let sync = try it.changeover("sync", "--until-caught-up", "--state", state)
      #expect(sync.status == 0, "\(sync.errors)")
      try it.expectEqual()
    }
  }

  @Test func `a file that is gone stops the sync`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 10)
      let sync = try it.startStreaming()
      rename(it.source, it.source + ".moved")
      #expect(try sync.wait(seconds: 10) == 65)
      #expect(sync.errors.contains("was deleted or moved away"), "\(sync.errors)")
      rename(it.source + ".moved", it.source)
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try it.expectEqual()
    }
  }

  @Test func `a table created later moves too, and patterns given later are said to be too late`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 20)
      let sync = try it.startStreaming("--exclude", "line")
      try it.sqlite("CREATE TABLE late (id INTEGER PRIMARY KEY); INSERT INTO late VALUES (1);")
      try sync.waitUntilSays("table 'late' moves too", seconds: 10)
      #expect(!sync.errors.contains("table 'line' moves too"))
      #expect(try sync.stop() == 0)
      let again = try it.startStreaming("--exclude", "slot")
      #expect(
        again.errors.contains("'slot' moves all the same"), "\(again.errors)")
      try it.waitUntilTakenUp()
      #expect(try again.stop() == 0)
      try it.expectEqual(exclude: ["line"])
      #expect(try it.changeover("sync", "--until-caught-up", "--reseed").status == 0)
      try it.expectEqual()
    }
  }

  @Test func `a plain index, a view, a trigger or a table beside does not disturb`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      let sync = try it.startStreaming()
      try it.sqlite(
        """
        CREATE INDEX plain ON account (balance); CREATE VIEW v AS SELECT * FROM slot;
        CREATE TRIGGER own AFTER INSERT ON slot BEGIN UPDATE account SET note = 'by trigger' WHERE id = NEW.id; END;
        INSERT INTO slot VALUES (9999, 9999, 'x'); ANALYZE; REINDEX; PRAGMA user_version = 7;
        INSERT OR REPLACE INTO slot VALUES (3, 9999, 'y');
        """)
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}
