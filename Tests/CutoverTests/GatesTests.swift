import Apply
import Model
import Testing

@testable import Cutover

struct GatesTests {
  private let good = Gates(
    phase: .syncing, lag: .init(seconds: 0.2, changes: 3, isSyncRunning: true), maxLag: 10, quarantined: 0,
    obstacles: [], newTables: [], unguarded: [], waived: [], hook: .none)

  private func expect(
    _ refusals: [String], sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout Gates) -> Void
  ) {
    var gates = good
    change(&gates)
    #expect(gates.findings.filter { !$0.ok }.map(\.name) == refusals, sourceLocation: sourceLocation)
  }

  @Test func `says GO where nothing speaks against it`() {
    #expect(good.findings.filter { !$0.ok }.isEmpty)
    #expect(
      good.findings.map(\.name) == [
        "streaming", "lag", "quarantine", "foreign keys", "tables", "triggers", "views", "application's role",
        "way back",
      ])
  }

  @Test(arguments: [Phase.preparing, .switching, .switched, .switchingBack, .finished])
  func `refuses in every phase but the one that follows`(phase: Phase) {
    expect(["streaming"]) { $0.phase = phase }
  }

  @Test func `names an interrupted cutover as such`() {
    var gates = good
    gates.phase = .switching
    #expect(gates.findings[0].detail.contains("interrupted"))
  }

  @Test func `holds lag against its limit while a sync runs`() {
    expect([]) { $0.lag.seconds = 10 }
    expect(["lag"]) { $0.lag.seconds = 10.1 }
    expect(["lag"]) { $0.lag.seconds = nil }
    expect([]) {
      $0.maxLag = 0
      $0.lag.seconds = 0
    }
  }

  /// Cutover catches up by itself, before writers wait.
  @Test func `does not hold the time since the last sync against a source that none follows`() {
    expect([]) { $0.lag = .init(seconds: 86_400, changes: 5, isSyncRunning: false) }
    expect(["lag"]) { $0.lag = .init(seconds: nil, changes: nil, isSyncRunning: false) }
  }

  @Test func `refuses what nobody can wait for, and says nothing of what it did not look at`() {
    var gates = good
    gates.prepared = ["gid"]
    #expect(gates.findings.map(\.name) == ["streaming", "prepared transactions"])
    expect(["prepared transactions"]) { $0.prepared = ["gid"] }
  }

  @Test func `refuses with rows in the quarantine`() {
    expect(["quarantine"]) { $0.quarantined = 1 }
  }

  @Test func `lists each foreign key with orphans until it is waived by name`() {
    let obstacles = [
      ForeignKeys.Obstacle(key: "a_fkey", table: "a", orphans: 3), .init(key: "b_fkey", table: "b", orphans: nil),
    ]
    expect(["foreign key a_fkey", "foreign key b_fkey"]) { $0.obstacles = obstacles }
    expect(["foreign key b_fkey"]) {
      $0.obstacles = obstacles
      $0.waived = ["a_fkey"]
    }
    expect([]) {
      $0.obstacles = obstacles
      $0.waived = ["a_fkey", "b_fkey"]
    }
  }

  @Test func `tells how many rows lead nowhere and how to accept that`() {
    var gates = good
    gates.obstacles = [.init(key: "a_fkey", table: "a", orphans: 3)]
    let detail = gates.findings.first { $0.name == "foreign key a_fkey" }?.detail
    #expect(detail == "3 rows of 'a' lead nowhere: mend them, or accept with --waive a_fkey")
  }

  @Test func `lists each table that came after the copy until it is waived by name`() {
    expect(["table:new", "table:newer"]) { $0.newTables = ["new", "newer"] }
    expect(["table:newer"]) {
      $0.newTables = ["new", "newer"]
      $0.waived = ["table:new"]
    }
  }

  @Test func `waives nothing else`() {
    expect(["lag", "quarantine", "way back"]) {
      $0.quarantined = 1
      $0.lag.seconds = 99
      $0.unguarded = ["a"]
      $0.waived = ["quarantine", "lag", "way back", "streaming"]
    }
  }

  @Test func `refuses where writes to the target would not be recorded`() {
    expect(["way back"]) { $0.unguarded = ["a", "b"] }
  }

  @Test func `refuses where a test write was not recorded`() {
    expect(["way back"]) { $0.trial = .failed(table: "a", reason: "nothing was logged") }
    expect([]) { $0.trial = .recorded(tables: 3, empty: 1) }
  }

  @Test func `refuses where the application may not read and write, or its role is not known`() {
    expect([]) { $0.role = .notNamed }
    expect([]) { $0.role = .complete("app") }
    expect(["application's role"]) { $0.role = .unknownRole("app") }
    expect(["application's role"]) { $0.role = .missing(role: "app", on: ["a"]) }
  }

  @Test func `lists each table whose triggers stay behind until it is waived by name`() {
    expect(["triggers:a", "triggers:b"]) { $0.ownTriggers = ["a", "b"] }
    expect(["triggers:b"]) {
      $0.ownTriggers = ["a", "b"]
      $0.waived = ["triggers:a"]
    }
  }

  @Test func `names views that stay behind, and goes on`() {
    var gates = good
    gates.viewsLeftOut = ["summary"]
    #expect(gates.findings.first { $0.name == "views" }?.detail.contains("summary") == true)
    expect([]) { $0.viewsLeftOut = ["summary"] }
  }

  @Test func `refuses a disk that is nearly full`() {
    expect(["disk"]) { $0.disks = [.init(path: "/a", free: 99, needed: 10), .init(path: "/b", free: 9, needed: 10)] }
    expect([]) { $0.disks = [.init(path: "/a", free: 10, needed: 10)] }
  }

  @Test func `refuses a command that cannot be run`() {
    expect(["hook runnable"]) { $0.hook = .missing("/no/such") }
    expect([]) { $0.hook = .runnable }
    expect(["canary runnable"]) {
      $0.hooks = [("canary", .missing("/no/such")), ("freeze", .runnable), ("thaw", .none)]
    }
  }

  private func findings(age: Double = 60, differences: Int64 = 0, checks: [String] = []) -> LastVerify.Findings {
    LastVerify.Findings(
      age: age, rows: 500, differences: differences, isEqual: differences == 0, failedChecks: checks)
  }

  @Test func `wants a clean verify, unless that is waived`() {
    expect([]) { $0.verified = .recent(findings()) }
    for verified in [
      LastVerify.recent(findings(differences: 3)), .recent(findings(checks: ["schema"])),
      .outdated(findings(differences: 3)), .failed("the target is away"),
    ] {
      expect(["verified"]) { $0.verified = verified }
      expect([]) {
        $0.verified = verified
        $0.waived = ["verified"]
      }
    }
  }

  @Test func `says what the last verify found, and that one will be run`() {
    func detail(_ verified: LastVerify, waived: Bool = false) -> String { verified.finding(isWaived: waived).detail }
    #expect(detail(.recent(findings())) == "both stores equal (500 rows), 1 min ago")
    #expect(detail(.recent(findings(age: 0, differences: 3))).hasPrefix("3 of 500 rows differ, just now: run"))
    #expect(detail(.outdated(findings(age: 90_000))).hasPrefix("both stores equal (500 rows), 25 h ago, too long ago"))
    #expect(detail(.outdated(nil)).contains("with --execute both stores are compared"))
    #expect(detail(.outdated(nil), waived: true) == "never: waived")
    #expect(detail(.failed("no answer")).contains("no answer"))
  }
}
