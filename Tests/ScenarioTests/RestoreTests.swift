import Glibc
import TestSupport
import Testing

/// Putting a backup back.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct RestoreTests {
  @Test func `a dry run tells and changes nothing; executed, the old file is kept and the new one is the backup`()
    throws
  {
    try Scenario.run { it in
      try it.createWritersTables(rows: 20)
      let backup = try it.backUp()
      try it.leaveLogBehind("DELETE FROM slot; INSERT INTO account (email) VALUES ('later@x')")
      let names = Files.names(in: it.directory)
      let bytes = try Files.read(it.source)
      let (dryStatus, dry) = try it.restore(backup)
      #expect(dryStatus == 0)
      #expect(!dry.restored && dry.refusals == [])
      #expect(Files.names(in: it.directory) == names)
      #expect(try Files.read(it.source) == bytes)

      chmod(it.source, 0o640)
      let (status, report) = try it.restore(backup, "--execute")
      #expect(status == 0)
      #expect(report.restored)
      #expect(try Files.read(it.source) == Files.read(backup.database))
      #expect(!Files.exists(it.source + "-wal"), "the old file's log is not read into the new one")
      var file = stat()
      #expect(stat(it.source, &file) == 0 && file.st_mode & 0o777 == 0o640)
      try it.expectTrue(backup, asFile: it.source)
      let kept = try #require(report.kept_as)
      #expect(
        try it.sqlite("SELECT count(*) FROM slot; SELECT count(*) FROM account WHERE email = 'later@x'", kept) == "0\n1"
      )
      #expect(try it.sqlite("SELECT count(*) FROM slot") == "20")
      #expect(try it.changeover("backup", "check", backup.path).status == 0, "the backup itself was only read")
    }
  }

  @Test func `it goes to a place where nothing is, and past a file that SQLite cannot read`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 5)
      let backup = try it.backUp()
      let elsewhere = it.directory + "/other.db"
      let (_, fresh) = try it.restore(backup, "--execute", to: elsewhere)
      #expect(fresh.kept_as == nil)
      try it.expectTrue(backup, asFile: elsewhere)

      let junk = [UInt8](repeating: 7, count: 5_000)
      try Files.write(junk, to: it.source)
      try Files.write(junk, to: it.source + "-wal")
      let (status, report) = try it.restore(backup, "--execute")
      #expect(status == 0)
      let kept = try #require(report.kept_as)
      #expect(try Files.read(kept) == junk)
      #expect(try Files.read(kept + "-wal") == junk)
      try it.expectTrue(backup, asFile: it.source)
    }
  }

  @Test func `it refuses a file that the application has open, idle or not`() throws {
    try Scenario.run { it in
      for mode in ["wal", "delete"] {
        Files.remove(it.source)
        try it.createWritersTables(rows: 5, mode: mode)
        let backup = try it.backUp()
        let idle = try it.spawn([
          "python3", "-c",
          """
          import sqlite3, sys, time
          c = sqlite3.connect(sys.argv[1]); c.execute("SELECT count(*) FROM slot").fetchall()
          print("open", flush=True); time.sleep(600)
          """, it.source,
        ])
        try idle.waitUntilSays("open")
        let bytes = try Files.read(it.source)
        let (status, report) = try it.restore(backup)
        #expect(status == 1)
        #expect(report.refusals.first?.contains("(process \(idle.processID))") == true, "\(report.refusals)")
        #expect(try it.changeover("backup", "restore", backup.path, "--to", it.source, "--execute").status == 1)
        #expect(try Files.read(it.source) == bytes)
        idle.kill()
        #expect(try it.restore(backup, "--execute").status == 0)
      }
    }
  }

  @Test func `it refuses under a running sync; later an older copy is recognised by the sync, and undone by hand`()
    throws
  {
    try Scenario.run { it in
      try it.prepareCopied(rows: 20)
      let backup = try it.backUp()
      let sync = try it.startStreaming()
      let (status, report) = try it.restore(backup)
      #expect(status == 1)
      #expect(report.refusals.contains { $0.contains("changeover works on") })
      try it.sqlite("INSERT INTO slot VALUES (1000, 1000, 'later')")
      try it.waitUntilCaughtUp()
      try sync.stop()

      let (done, after) = try it.restore(backup, "--execute")
      #expect(done == 0)
      #expect(after.afterwards.contains("older copy"))
      let stopped = try it.changeover("sync", "--until-caught-up")
      #expect(stopped.status == 65, "\(stopped.errors)")
      #expect(stopped.errors.contains("an older copy"))
      #expect(try it.psql("SELECT holder FROM slot WHERE id = 1000") == "later", "PostgreSQL is untouched")

      Files.remove(it.source)
      let kept = try #require(after.kept_as)
      #expect(rename(kept, it.source) == 0)
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try it.expectEqual()
    }
  }

  @Test func `a backup with nothing logged since goes on syncing after its restore`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 20)
      let backup = try it.backUp()
      let (_, report) = try it.restore(backup, "--execute")
      #expect(report.afterwards.contains("sync goes on"))
      let sync = try it.startStreaming()
      try it.sqlite("INSERT INTO slot VALUES (1000, 1000, 'later'); DELETE FROM event;")
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      try sync.stop()
    }
  }

  @Test func `it does not open a closed file again by mistake`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 5)
      let backup = try it.backUp()
      _ = try it.cutover("--execute")
      let (status, report) = try it.restore(backup)
      #expect(status == 1)
      #expect(report.refusals.first?.contains("--over-fenced") == true)
      #expect(try it.changeover("backup", "restore", backup.path, "--to", it.source, "--execute").status == 1)
      #expect(try !it.isSourceWritable())
      let (forced, after) = try it.restore(backup, "--execute", "--over-fenced")
      #expect(forced == 0)
      #expect(after.afterwards.contains("PostgreSQL stays the authority"))
      #expect(try it.changeover("sync", "--until-caught-up").status == 65)
      #expect(try it.isTargetWritable())
    }
  }

  @Test func `a damaged backup is not restored`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 5)
      let backup = try it.backUp()
      var bytes = try Files.read(backup.database)
      bytes[bytes.count / 2] ^= 1
      try Files.write(bytes, to: backup.database)
      let before = try Files.read(it.source)
      let result = try it.changeover("backup", "restore", backup.path, "--to", it.source, "--execute")
      #expect(result.status == 65)
      #expect(result.errors.contains("is damaged"))
      #expect(try Files.read(it.source) == before)
      #expect(Files.names(in: it.directory).filter { $0.contains("restor") } == [])
    }
  }

  @Test(arguments: ["restore-copying", "restore-copied", "restore-kept", "restore-logs-gone"])
  func `killed in the middle the old file is there, whole, and the next restore works`(point: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 20)
      let backup = try it.backUp()
      try it.leaveLogBehind("DELETE FROM slot WHERE id > 9")
      let killed = try it.changeover(
        "backup", "restore", backup.path, "--to", it.source, "--execute", environment: ["CHANGEOVER_FAULT": point])
      #expect(killed.status == -SIGKILL)
      #expect(try it.sqlite("SELECT count(*) FROM slot; PRAGMA integrity_check") == "10\nok")
      let (status, report) = try it.restore(backup, "--execute")
      #expect(status == 0)
      try it.expectTrue(backup, asFile: it.source)
      let left = Files.names(in: it.directory).filter { $0.contains(".restoring-") || $0.contains(".before-restore-") }
      #expect(left == [String(try #require(report.kept_as).split(separator: "/").last ?? "")])
    }
  }
}

extension Scenario {
  /// `backup restore --json` to the source, or to another path.
  func restore(
    _ backup: BackupEntry, _ arguments: String..., to path: String? = nil
  ) throws -> (status: Int32, report: RestoreReport) {
    let result = try Program.run(
      [Self.binary, "backup", "restore", backup.path, "--to", path ?? source, "--json"] + arguments,
      environment: environment)
    do {
      return (result.status, try RestoreReport(result.output))
    } catch {
      throw Program.Failed(what: "backup restore", result: result)
    }
  }

  /// Runs statements in a program that dies without closing the file: its log stays beside it, unread.
  func leaveLogBehind(_ statements: String) throws {
    let code = """
      import os, signal, sqlite3, sys
      c = sqlite3.connect(sys.argv[1], isolation_level=None)
      c.executescript(sys.argv[2])
      os.kill(os.getpid(), signal.SIGKILL)
      """
    let result = try Program.run(["python3", "-c", code, source, statements])
    #expect(result.status == -SIGKILL)
    #expect(Files.exists(source + "-wal"))
  }
}
