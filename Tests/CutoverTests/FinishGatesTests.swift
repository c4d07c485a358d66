import Model
import Testing

@testable import Cutover

/// What speaks against the end of the move.
struct FinishGatesTests {
  private static func failed(_ gates: FinishGates) -> [String] { gates.findings.filter { !$0.ok }.map(\.name) }

  @Test func `nothing speaks against it after the switch, however far SQLite is behind`() {
    let gates = FinishGates(phase: .switched, source: .fenced, discarded: 3, undelivered: 1_000)
    #expect(Self.failed(gates) == [])
    #expect(gates.findings.contains { $0.detail.contains("1000 logged writes behind") })
    #expect(gates.findings.contains { $0.detail.contains("3 rows were given up") })
  }

  @Test(arguments: [Phase.preparing, .syncing, .switching, .switchingBack])
  func `in any other phase it is refused with what to do instead`(phase: Phase) throws {
    let gates = FinishGates(phase: phase, source: .fenced)
    #expect(Self.failed(gates) == ["phase"])
    let detail = try #require(gates.findings.first?.detail)
    switch phase {
    case .preparing, .syncing: #expect(detail.contains("changeover uninstall"))
    case .switching: #expect(detail.contains("changeover cutover --execute"))
    default: #expect(detail.contains("changeover rollback --execute"))
    }
  }

  @Test func `rows in either quarantine, and a running sync, are obstacles`() {
    #expect(Self.failed(FinishGates(phase: .switched, source: .fenced, quarantinedOnTarget: 1)) == ["quarantine"])
    #expect(Self.failed(FinishGates(phase: .switched, source: .fenced, quarantinedOnSource: 1)) == ["quarantine"])
    #expect(Self.failed(FinishGates(phase: .switched, source: .fenced, isSyncRunning: true)) == ["sync"])
    #expect(Self.failed(FinishGates(phase: .finished, source: .fenced, isSyncRunning: true)) == ["sync"])
  }

  @Test(arguments: [FinishGates.Source.fenced, .damaged, .uninstalled, .missing])
  func `once it is over, whatever became of the old file is no obstacle to completing it`(source: FinishGates.Source) {
    #expect(Self.failed(FinishGates(phase: .finished, source: source)) == [])
  }
}
