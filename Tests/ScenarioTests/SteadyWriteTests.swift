import Testing

/// What the application notices of a sync (cases 15 and 18).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct SteadyWriteTests {
  @Test func `the change table stays small, and writers without patience are seldom locked out`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 200)
      let alone = try it.startWriter(number: 1, rate: 500, transactions: 1_500, busyTimeout: 0)
      #expect(try alone.process.wait() == 0)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(number: 2, rate: 500, busyTimeout: 0)
      var largest = 0
      try Waiting.until("2,000 transactions", seconds: 60, details: { writer.process.everythingSaid }) {
        largest = max(largest, Int(try it.sqlite("SELECT count(*) FROM _changeover_change;")) ?? .max)
        return writer.acknowledged >= 2_000
      }
      let said = try writer.finish()
      print(
        "no patience: alone \(alone.process.output.trimmed), beside sync \(said); change table at most \(largest) rows")
      // Pruned while they write, however far behind a busy machine is.
      let logged = try #require(Int(try it.sqlite("SELECT max(seq) FROM _changeover_change;")))
      #expect(largest < logged)
      try it.waitUntilCaughtUp()
      try Waiting.until("the change table is pruned", seconds: 10) {
        (Int(try it.sqlite("SELECT count(*) FROM _changeover_change;")) ?? .max) < 100
      }
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}
