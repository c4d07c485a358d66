import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// `journal list|show|check|replay` on real batches, and `uninstall`.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct JournalCommandTests {
  /// A source that was streamed for a while; the sync is stopped.
  private func streamed(_ it: Scenario, transactions: Int = 150) throws {
    try it.createWritersTables(rows: 50)
    let sync = try it.startStreaming()
    let writer = try it.startWriter(rate: 500, transactions: transactions)
    try writer.waitFor(transactions)
    #expect(try writer.process.wait() == 0)
    try it.waitUntilCaughtUp()
    #expect(try sync.stop() == 0)
  }

  @Test func `an independent reader sees in real batches what show says`() throws {
    try Scenario.run { it in
      try Program.python("table_kinds.py", ["create", it.source])
      let sync = try it.startStreaming()
      try Program.python("table_kinds.py", ["change", it.source])
      try it.waitUntilCaughtUp()
      #expect(try sync.stop() == 0)
      let paths = it.journalFiles.map { "\(it.stateDirectory)/journal/\($0)" }
      #expect(!paths.isEmpty)
      let shown = try Program.run([Scenario.binary, "journal", "show", "--json"] + paths, environment: it.environment)
      #expect(shown.status == 0, "\(shown.errors)")
      let read = try Program.python("journal_reader.py", paths)
      let ours = shown.output.split(separator: "\n")
      let theirs = read.split(separator: "\n")
      #expect(ours.count == paths.count && theirs.count == paths.count)
      let same = try Program.run(
        [
          "python3", "-c",
          "import json, sys; a, b = [[json.loads(l) for l in open(p)] for p in sys.argv[1:]]; sys.exit(a != b)",
          try it.file("ours", shown.output), try it.file("theirs", read),
        ])
      #expect(same.status == 0, "\(same.errors)")
      let listed = try it.changeover("journal", "list", "--json")
      #expect(listed.output.split(separator: "\n").count == paths.count)
      #expect(try it.changeover("journal", "show").status == 0)
      #expect(try it.changeover("journal", "show", "99999999").status == 65)
    }
  }

  @Test func `check finds a flipped byte`() throws {
    try Scenario.run { it in
      try streamed(it)
      let good = try it.changeover("journal", "check", "--json")
      #expect(good.status == 0 && good.output.contains("\"ok\":true"), "\(good.output)")
      let victim = "\(it.stateDirectory)/journal/\(it.journalFiles[it.journalFiles.count / 2])"
      var bytes = try Files.read(victim)
      bytes[bytes.count / 2] ^= 0x10
      try Files.write(bytes, to: victim)
      let bad = try it.changeover("journal", "check")
      #expect(bad.status == 1 && bad.output.contains("1 findings"), "\(bad.output)")
    }
  }

  @Test func `replay heals rows that somebody deleted on the target`() throws {
    try Scenario.run { it in
      try streamed(it)
      try it.expectEqual()
      // Rows that the journal holds: those written while it streamed.
      let sabotage =
        "BEGIN; SET LOCAL changeover.apply = 'on'; DELETE FROM ledger; UPDATE event SET at = -1 WHERE kind = 'write'; COMMIT"
      try it.psql(sabotage)
      let first = it.journalFiles[0].split(separator: "-")[0].drop { $0 == "0" }
      let dry = try it.changeover("journal", "replay", "--from", String(first))
      #expect(dry.status == 0 && dry.output.hasPrefix("would apply"), "\(dry.output)\(dry.errors)")
      #expect(try it.psql("SELECT count(*) FROM ledger") == "0")
      let sync = try it.startStreaming()
      let refused = try it.changeover("journal", "replay", "--from", String(first), "--execute")
      #expect(refused.status == 75, "\(refused.errors)")
      #expect(try sync.stop() == 0)
      let replay = try it.changeover("journal", "replay", "--from", String(first), "--execute")
      #expect(replay.status == 0 && replay.output.hasPrefix("applied"), "\(replay.output)\(replay.errors)")
      try it.expectEqual()
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
    }
  }

  @Test func `a journal that is lost begins anew, and nothing is missing`() throws {
    try Scenario.run { it in
      try streamed(it)
      for file in it.journalFiles { unlink("\(it.stateDirectory)/journal/\(file)") }
      try it.sqlite("DELETE FROM slot WHERE id % 3 = 0;")
      let sync = try it.changeover("sync", "--until-caught-up")
      #expect(sync.status == 0, "\(sync.errors)")
      try it.expectEqual()
    }
  }

  @Test func `uninstall leaves the schema as it was, byte for byte`() throws {
    try Scenario.run { it in
      try Program.python("table_kinds.py", ["create", it.source])
      try it.sqlite("CREATE TRIGGER own AFTER INSERT ON auto BEGIN SELECT 1; END;")
      let before = try it.sourceSchema()
      let sequences = try it.sqlite("SELECT * FROM sqlite_sequence;")
      let sync = try it.startStreaming("--state", it.directory + "/state")
      for arguments in [["--state", it.directory + "/state"], []] {
        let refused = try Program.run([Scenario.binary, "uninstall"] + arguments, environment: it.environment)
        #expect(refused.status == 75, "\(refused.output)\(refused.errors)")
      }
      #expect(sync.isRunning)
      #expect(try sync.stop() == 0)
      // Whoever lost the state directory says so.
      #expect(try it.changeover("uninstall", "--state", it.directory + "/none").status == 75)
      let done = try it.changeover("uninstall", "--state", it.directory + "/none", "--take-over")
      #expect(done.status == 0, "\(done.errors)")
      #expect(try it.sourceSchema() == before)
      #expect(try it.sqlite("SELECT * FROM sqlite_sequence;") == sequences)
      let again = try it.changeover("uninstall")
      #expect(again.status == 0 && again.output.contains("nothing of changeover"), "\(again.output)")
      #expect(try it.sqlite("PRAGMA integrity_check;") == "ok")
    }
  }
}

extension Scenario {
  /// A file with this text in the scenario's directory; its path.
  func file(_ name: String, _ text: String) throws -> String {
    try Files.write(text, to: "\(directory)/\(name)")
    return "\(directory)/\(name)"
  }
}
