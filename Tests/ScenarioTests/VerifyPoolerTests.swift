import Testing

/// verify through what stands between it and the server.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct VerifyPoolerTests {
  @Test(.enabled(if: TransactionPooler.isPossible, "pgbouncer is not installed"))
  func `through PgBouncer in transaction mode, in both directions and beside writers`() throws {
    try Scenario.run { it in
      let pooler = try TransactionPooler(before: it.server, in: it)
      it.url = pooler.url(database: it.database)
      try it.prepareCopied(rows: 200)
      let writers = try RoamingWriters(it, count: 2, rate: 100)
      let sync = try it.startStreaming()
      try writers.goOn()
      for _ in 0..<3 {
        let (status, report) = try it.verify("--max-transaction-seconds", "0.02")
        #expect(status == 0 && report.equal && report.direction == "forward", "\(report)")
      }
      #expect(try it.startCutover(["--execute", "--on-switch", writers.hook]).finish().status == 0)
      try writers.goOn()
      for round in 0..<6 {
        // Its server connections end, and the snapshots on them.
        if round == 3 { try pooler.restart() }
        let (status, report) = try it.verify("--max-transaction-seconds", "0.02")
        #expect(status == 0 && report.equal && report.direction == "reverse" && report.snapshots > 0, "\(report)")
      }
      try writers.goOn()
      for writer in writers.writers { try writer.process.stop() }
      try it.waitUntilFollowedBack()
      try it.writeSilently("DELETE FROM ledger WHERE number % 2 = 0")
      let (status, report) = try it.verify("--repair")
      #expect(status == 0 && report.equal && report.repaired > 0, "\(report)")
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}
