import Apply
import Model
import Testing

@testable import Cutover

struct RollbackGatesTests {
  private let good = RollbackGates(
    phase: .switched, lag: .init(seconds: 0.2, changes: 3, isSyncRunning: true), maxLag: 10)

  private func expect(
    _ refusals: [String], sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout RollbackGates) -> Void
  ) {
    var gates = good
    change(&gates)
    #expect(gates.findings.filter { !$0.ok }.map(\.name) == refusals, sourceLocation: sourceLocation)
  }

  @Test func `says GO where nothing speaks against it`() {
    #expect(good.findings.filter { !$0.ok }.isEmpty)
    #expect(
      good.findings.map(\.name) == ["authority", "fence", "lag", "quarantine", "schema", "tables", "transactions"])
  }

  @Test(arguments: Phase.allCases.filter { $0 != .switched })
  func `refuses in every phase but the one after the switch`(phase: Phase) {
    expect(["authority"]) { $0.phase = phase }
  }

  @Test func `holds lag against its limit while a sync runs`() {
    expect([]) { $0.lag.seconds = 10 }
    expect(["lag"]) { $0.lag.seconds = 10.1 }
    expect(["lag"]) { $0.lag.seconds = nil }
    expect([]) { $0.lag = .init(seconds: nil, changes: nil, isSyncRunning: false) }
  }

  @Test func `tells what the last verify found, and asks for none`() {
    let found = LastVerify.Findings(age: 120, rows: 9, differences: 2, isEqual: false, failedChecks: ["sequences"])
    expect([]) { $0.verified = found }
    var gates = good
    gates.verified = found
    let detail = gates.findings.first { $0.name == "verified" }?.detail
    #expect(detail?.hasPrefix("2 of 9 rows differ, checks that failed: sequences, 2 min ago") == true)
  }

  @Test func `refuses with rows that SQLite does not take, unless they were given up`() {
    expect(["quarantine"]) { $0.quarantined = 1 }
    expect([]) { $0.discarded = 1 }
  }

  @Test func `refuses where the fence lost a part or SQLite cannot take a table's rows`() {
    expect(["fence"]) { $0.fenceIsWhole = false }
    expect(["table a"]) { $0.obstacles = [("a", "no such function: f")] }
  }

  @Test func `lists each change of the schema until it is waived by name`() {
    let drift = [
      RollbackGates.Drift(name: "column:a.b", detail: "new"), .init(name: "table:c", detail: "new"),
    ]
    expect(["column:a.b", "table:c"]) { $0.drift = drift }
    expect(["table:c"]) {
      $0.drift = drift
      $0.waived = ["column:a.b"]
    }
  }

  @Test func `names sessions that will be waited for, and refuses what nobody can wait for`() {
    let session = OpenTransactions.Session(
      pid: 7, application: "shop", role: "app", age: 2.34, state: "idle in transaction")
    var gates = good
    gates.transactions.sessions = [session]
    let detail = gates.findings.first { $0.name == "transactions" }?.detail
    #expect(
      detail == "will be waited for: pid 7 'shop' of role app, open for 2.3 s, idle in transaction")
    expect([]) { $0.transactions.sessions = [session] }
    expect(["prepared transactions"]) { $0.transactions.prepared = ["gid"] }
  }

  @Test func `waives nothing else`() {
    expect(["fence", "lag", "quarantine"]) {
      $0.fenceIsWhole = false
      $0.lag.seconds = 99
      $0.quarantined = 1
      $0.waived = ["fence", "lag", "quarantine"]
    }
  }

  @Test func `refuses commands that cannot be run, and full disks`() {
    expect(["disk", "hook runnable", "canary runnable"]) {
      $0.disks = [.init(path: "/a", free: 1, needed: 2)]
      $0.hook = .missing("/no")
      $0.canary = .missing("/no")
    }
  }
}
