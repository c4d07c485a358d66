import Model
import Testing

@testable import Cutover

struct PauseTests {
  @Test(.timeLimit(.minutes(1))) func `raises the alarm at its limit`() {
    let overtime = StopSignal()
    let pause = Pause(seconds: 0.05, overtime: overtime)
    #expect(overtime.wait(milliseconds: 30_000))
    #expect(throws: PauseLimitExceeded.self) { try pause.check() }
    #expect(pause.finish() >= 50)
  }

  @Test(.timeLimit(.minutes(1))) func `raises none once it has ended`() throws {
    let overtime = StopSignal()
    let pause = Pause(seconds: 0.05, overtime: overtime)
    #expect(pause.finish() < 30_000)
    #expect(!overtime.wait(milliseconds: 150))
  }

  @Test func `keeps time back for a target that does not answer`() {
    let long = Pause(seconds: 5, overtime: StopSignal())
    #expect(long.targetEnd == long.end - .seconds(0.5))
    let short = Pause(seconds: 0.5, overtime: StopSignal())
    #expect(short.targetEnd < short.end)
    #expect(short.targetEnd > short.began + .seconds(0.3))
  }
}
