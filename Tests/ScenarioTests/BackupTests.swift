import Glibc
import TestSupport
import Testing

/// Backups of a file that an application writes to.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct BackupTests {
  @Test func `a backup beside live writers ends, shows one moment, and is proven`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 3_000)
      let writers = try (1...2).map { try it.startWriter(number: $0) }
      for writer in writers { try writer.waitFor(50) }
      let before = writers.map(\.acknowledged)
      let backup = try it.backUp()
      for (writer, count) in zip(writers, before) { try writer.waitFor(50, since: count) }
      for writer in writers { #expect(try writer.finish().contains(#""busy": 0"#), "nobody waited") }
      #expect(backup.manifest.proven)
      #expect(backup.manifest.source.id == nil, "changeover is not installed")
      #expect(backup.manifest.position == nil)
      #expect(backup.manifest.integrity_findings == [])
      #expect(backup.path.hasPrefix(it.stateDirectory + "/backups/"))
      try it.expectTrue(backup)
      let rows = try #require(backup.rows(of: "ledger"))
      #expect(rows >= before.reduce(0) { $0 + Int64($1) })
      let copy = it.directory + "/copy.db"
      try Files.copy(backup.database, to: copy)
      try it.expectOneMoment(copy, writers: 2)
      #expect(try it.changeover("backup", "check", "--all").status == 0)
      #expect(Files.text(backup.path + "/schema.sql").contains("CREATE TABLE ledger"))
    }
  }

  @Test func `beside a running sync it carries the position, and after the switch that the file is closed`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 100)
      let sync = try it.startStreaming()
      let writer = try it.startWriter()
      try writer.waitFor(50)
      let during = try it.backUp()
      try writer.finish()
      try it.waitUntilCaughtUp()
      let copy = it.directory + "/copy.db"
      try Files.copy(during.database, to: copy)
      let newest = try it.sqlite("SELECT seq, nonce FROM _changeover_change ORDER BY seq DESC LIMIT 1", copy)
      let position = try #require(during.manifest.position)
      #expect(newest == "\(position.sequence)|\(position.nonce)")
      #expect(during.manifest.source.id == (try it.psql("SELECT source FROM changeover.source")))
      #expect(!during.manifest.source.fenced)
      try it.expectTrue(during)
      _ = try it.cutover("--execute")
      _ = sync
      let after = try it.backUp("--to", it.directory + "/elsewhere/deep")
      #expect(after.manifest.source.fenced)
      #expect(after.path.hasPrefix(it.directory + "/elsewhere/deep/"))
      try it.expectTrue(after)
    }
  }

  @Test func `rows of a table without a key keep their rowids, and pages and schema version are the source's`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE keyless (a); INSERT INTO keyless VALUES (1), (2), (3), (4);
        DELETE FROM keyless WHERE a IN (1, 3);
        CREATE TABLE shadowed (rowid, oid, _rowid_); INSERT INTO shadowed VALUES (1, 2.5, x'00ff'), (NULL, '', 'é');
        CREATE TABLE computed (a, b AS (a + 1) STORED, c AS (a + 2)); INSERT INTO computed VALUES (5);
        CREATE VIRTUAL TABLE words USING fts5(text); INSERT INTO words VALUES ('one two');
        CREATE VIEW last AS SELECT 1 -- a comment
        ;
        PRAGMA user_version = 77; PRAGMA schema_version = 4711;
        """)
      let backup = try it.backUp()
      try it.expectTrue(backup)
      let copy = it.directory + "/copy.db"
      try Files.copy(backup.database, to: copy)
      #expect(try it.sqlite("SELECT rowid, a FROM keyless", copy) == "2|2\n4|4")
      #expect(try it.sqlite("PRAGMA schema_version; PRAGMA user_version", copy) == "4711\n77")
      #expect(try it.sqlite("SELECT text FROM words WHERE words MATCH 'two'", copy) == "one two")
      #expect(Files.names(in: backup.path) == ["database.sqlite", "manifest.json", "schema.sql"])
    }
  }

  @Test func `without a write-ahead log it warns, writers wait, and everything is there`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 500, mode: "delete")
      let writer = try it.startWriter()
      try writer.waitFor(20)
      let result = try it.changeover("backup")
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("no write-ahead log") && result.errors.contains("5.0 s at most"))
      let before = writer.acknowledged
      try writer.waitFor(20, since: before)
      try writer.finish()
      try it.expectTrue(try #require(try it.listedBackups().map { try it.entry($0) }.first))
    }
  }

  @Test func `where writers would wait too long it gives up, and they go on`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 2_000, mode: "delete")
      let writer = try it.startWriter()
      try writer.waitFor(5)
      let result = try it.changeover("backup", "--pause-limit", "0.001")
      #expect(result.status == 75)
      #expect(result.errors.contains("--pause-limit") && result.errors.contains("journal_mode=WAL"))
      #expect(it.backupFolders == [])
      let before = writer.acknowledged
      try writer.waitFor(20, since: before)
      try writer.finish()
    }
  }

  @Test(arguments: ["backup-copying", "backup-copied", "backup-before-rename"])
  func `killed in the middle it leaves nothing that is taken for a backup`(point: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 200)
      let first = try it.backUp()
      let killed = try it.changeover("backup", environment: ["CHANGEOVER_FAULT": point])
      #expect(killed.status == -SIGKILL)
      #expect(it.backupFolders.count == 2, "what it had begun is there")
      #expect(try it.listedBackups() == [first.path])
      #expect(try it.changeover("backup", "check", "--all").status == 0)
      let second = try it.backUp("--no-check")
      #expect(!second.manifest.proven)
      #expect(try it.listedBackups() == [first.path, second.path])
      #expect(it.backupFolders.count == 2, "the next backup cleared it away")
    }
  }

  @Test func `a flipped byte anywhere, a lost file, a log: the check tells`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      let backup = try it.backUp()
      func check() throws -> (status: Int32, output: String) {
        let result = try it.changeover("backup", "check", backup.path)
        return (result.status, result.output)
      }
      #expect(try check().status == 0)
      let whole = try Files.read(backup.database)
      var random = SystemRandomNumberGenerator()
      for position in [0, 20, 100, whole.count - 1, Int.random(in: 0..<whole.count, using: &random)] {
        var damaged = whole
        damaged[position] ^= 0x10
        try Files.write(damaged, to: backup.database)
        let (status, output) = try check()
        #expect(status == 1, "byte \(position)")
        #expect(output.contains("its SHA-256 is another"), "byte \(position)")
      }
      try Files.write(Array(whole.dropLast(4096)), to: backup.database)
      #expect(try check().output.contains("and had \(whole.count) when it was made"))
      try Files.write(whole, to: backup.database)
      #expect(try check().status == 0)
      try it.sqlite(
        "UPDATE slot SET holder = 'other' WHERE id = 3; DELETE FROM line WHERE account = 4;", backup.database)
      let changed = try check()
      #expect(changed.status == 1)
      #expect(changed.output.contains("table 'slot' holds other values"))
      #expect(changed.output.contains("table 'line' has 49 rows, and had 50"))
      try Files.write(whole, to: backup.database)
      try Files.write("", to: backup.path + "/schema.sql")
      try Files.write("x", to: backup.database + "-wal")
      let both = try check()
      #expect(both.status == 1 && both.output.contains("schema.sql") && both.output.contains("-wal is there"))
      Files.remove(backup.database)
      #expect(try check().output.contains("database.sqlite is missing"))
      Files.remove(backup.path + "/manifest.json")
      #expect(try check().status == 65)
    }
  }

  @Test func `it says what to do where there is nothing to back up, and nowhere to put it`() throws {
    try Scenario.run { it in
      #expect(try it.changeover("backup").status == 69)
      try Files.write(
        "not a database, but long enough to look like a file of some kind, with more than a header's "
          + "hundred bytes in it", to: it.source)
      #expect(try it.changeover("backup").status == 65)
      Files.remove(it.source)
      try it.createWritersTables(rows: 1)
      try Files.write("", to: it.directory + "/file")
      let result = try it.changeover("backup", "--to", it.directory + "/file/backups")
      #expect(result.status == 78)
      #expect(result.errors.contains("cannot create"))
      #expect(try it.changeover("backup", "list").output.trimmed == "no backups")
      #expect(try it.changeover("backup", "check").status == 64)
    }
  }
}

extension Scenario {
  /// A backup that stands there.
  func entry(_ path: String) throws -> BackupEntry {
    let lines = try changeover("backup", "list", "--json").output.split(separator: "\n")
    return try #require(try lines.map { try BackupEntry(String($0)) }.first { $0.path == path })
  }
}
