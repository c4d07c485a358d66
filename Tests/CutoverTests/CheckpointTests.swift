import Synchronization
import Testing

@testable import Cutover

struct CheckpointTests {
  @Test func `a report before any pause has no figures`() {
    #expect(
      SwitchReport().json.text == #"{"switched":false,"pause_ms":null,"refused_ms":null,"checkpoints":[],"log":null}"#)
  }

  @Test func `figures are milliseconds with three places`() {
    var report = SwitchReport()
    report.switched = true
    report.pauseMilliseconds = 12.345_678
    report.refusedMilliseconds = 40
    report.checkpoints = [Checkpoint("final drain", ok: true, detail: "it's \"done\"", milliseconds: 1.000_49)]
    #expect(
      report.json.text
        == #"{"switched":true,"pause_ms":12.346,"refused_ms":40.0,"checkpoints":"#
        + #"[{"name":"final drain","ok":true,"detail":"it's \"done\"","ms":1.0}],"log":null}"#)
  }

  @Test func `one failed checkpoint makes it a NO-GO`() {
    var report = SwitchReport()
    #expect(report.isGo)
    report.checkpoints = [.init("a", ok: true, detail: "", milliseconds: 0)]
    #expect(report.isGo)
    report.checkpoints.append(.init("b", ok: false, detail: "", milliseconds: 0))
    #expect(!report.isGo)
  }

  @Test func `checkpoints are told as they come, and during the pause only after it`() {
    let told = Mutex<[String]>([])
    var steps = Steps { checkpoint in told.withLock { $0.append(checkpoint.name) } }
    steps.note("a", "")
    #expect(told.withLock { $0 } == ["a"])
    steps.hold()
    steps.note("b", "")
    steps.fail("c", "")
    #expect(told.withLock { $0 } == ["a"])
    steps.release()
    #expect(told.withLock { $0 } == ["a", "b", "c"])
    steps.note("d", "")
    #expect(told.withLock { $0 } == ["a", "b", "c", "d"])
    #expect(steps.outcome.checkpoints.map(\.ok) == [true, true, false, true])
  }
}
