import TestSupport
import Testing

/// The network cut at every step of the protocol, COPY and COMMIT and the lost answer to COMMIT among them (case 40).
///
/// Tests/Support/cutting_proxy.py stands before the server; `make cuts` tries every message of a first copy.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutConnectionTests {
  private func sweep(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    var environment = Variables.base
    environment["DATABASE_URL"] = Variables["DATABASE_URL"]
    let script = "\(Files.checkout)/Tests/Support/cut_sweep.py"
    let seed = Variables["CHANGEOVER_TEST_SEED"] ?? "1"
    let result = try Program.run(
      ["python3", script, Scenario.binary] + arguments + ["--seed", seed], environment: environment, seconds: 400)
    #expect(result.status == 0, "\(result.output)\(result.errors)", sourceLocation: sourceLocation)
  }

  @Test func `a first copy cut anywhere is taken up and complete`() throws { try sweep("copy", "--every", "120") }

  @Test func `a first copy cut within COPY and COMMIT, or before their answers, is complete`() throws {
    try sweep("steps")
  }

  @Test func `a stream cut at each step of applying, answers to COMMIT included, neither loses nor repeats`() throws {
    try sweep("stream", "--cuts", "40")
  }

  @Test func `a large group cut while it goes through staging is applied once`() throws { try sweep("large") }
}
