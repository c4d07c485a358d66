import Testing

/// The plain run: copy and stream under writes.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct StreamingTests {
  @Test(arguments: ["wal", "delete"])
  func `what several writers write while it copies and streams arrives`(mode: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(mode: mode)
      let writers = try (1...3).map { try it.startWriter(number: $0, rate: 170) }
      try writers[0].waitFor(50)
      let sync = try it.startStreaming()
      try writers[0].waitFor(200, since: writers[0].acknowledged)
      for writer in writers { try writer.finish() }
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}
