import Glibc
import TestSupport
import Testing

/// kill −9 at random moments (case 40).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CrashTests {
  @Test func `twenty kills at random moments under writes lose nothing`() throws {
    let seed = Variables["CHANGEOVER_TEST_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...1_000_000)
    print("CHANGEOVER_TEST_SEED=\(seed)")
    var dice = SeededRandom(seed: seed)
    try Scenario.run { it in
      try it.createWritersTables(rows: 20_000)
      let writers = try (1...2).map { try it.startWriter(number: $0, rate: 150, seed: seed) }
      for _ in 0..<20 {
        let sync = try it.start("sync")
        let moment = ContinuousClock.now + .milliseconds(Int.random(in: 5...900, using: &dice))
        try Waiting.until("the moment") { ContinuousClock.now > moment || !sync.isRunning }
        #expect(sync.isRunning, "\(sync.everythingSaid)")
        sync.kill()
      }
      for writer in writers { try writer.finish() }
      let last = try it.changeover("sync", "--until-caught-up")
      #expect(last.status == 0, "seed \(seed): \(last.errors)")
      try it.expectEqual()
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  @Test func `a killed copy goes on where it was`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 100)
      try it.sqlite(
        """
        CREATE TABLE big (id INTEGER PRIMARY KEY, t TEXT);
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900000)
        INSERT INTO big SELECT i, 'some text of row ' || i FROM n;
        """)
      let copied = "SELECT coalesce(max(rows), 0) FROM changeover.copy"
      let first = try it.start("sync", "--jobs", "1")
      try Waiting.until("a segment is there", seconds: 60, details: { first.everythingSaid }) {
        (Int((try? it.psql(copied)) ?? "") ?? 0) > 0
      }
      first.kill()
      let kept = Int(try it.psql(copied)) ?? 0
      #expect(kept > 0 && kept < 900_000)
      let second = try it.changeover("sync", "--until-caught-up")
      #expect(second.status == 0)
      let said = second.errors.after("copied ")?.split(separator: " ").first.flatMap { Int($0) } ?? 0
      #expect(said > 0 && said <= 900_500 - kept, "kept \(kept), then copied \(said)")
      #expect(!second.errors.contains("reading types"))
      try it.expectEqual()
    }
  }
}
