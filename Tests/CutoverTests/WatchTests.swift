import Testing

@testable import Cutover

struct WatchTests {
  private let limits = Watch.Limits(maxLag: 10)

  private func objection(_ change: (inout Watch.Sample) -> Void) -> String? {
    var sample = Watch.Sample(canary: 0, lag: 0.1)
    change(&sample)
    return Watch.objection(sample, limits)
  }

  @Test func `finds nothing against a switch that works`() {
    #expect(objection { _ in } == nil)
    #expect(objection { $0.canary = nil } == nil)
    #expect(objection { $0.lag = nil } == nil)
    #expect(objection { $0.lag = 10 } == nil)
  }

  @Test func `tells what speaks against it`() {
    #expect(objection { $0.trouble = "no answer in time" } == "PostgreSQL does not answer: no answer in time")
    #expect(objection { $0.canary = 3 } == "the canary ended with status 3")
    #expect(objection { $0.quarantined = 2 } == "2 rows do not fit SQLite: the way back is blocked")
    #expect(objection { $0.lag = 10.26 } == "SQLite is 10.3 s behind, more than 10.0 s")
  }

  @Test func `holds no lag against it where no sync runs: a way back catches up by itself`() {
    #expect(
      objection {
        $0.lag = 99
        $0.isSyncRunning = false
      } == nil)
  }

  @Test func `counts failing transactions once there are enough to tell`() {
    #expect(
      objection {
        $0.committed = 10
        $0.rolledBack = 9
      } == nil)
    #expect(
      objection {
        $0.committed = 80
        $0.rolledBack = 20
      } == nil)
    #expect(
      objection {
        $0.committed = 79
        $0.rolledBack = 21
      } == "21 of 100 transactions failed on PostgreSQL")
  }
}
