import Glibc
import Model
import Testing

struct StopSignalTests {
  @Test func `a signal is not raised before it is asked for`() throws {
    let signal = StopSignal()
    #expect(!signal.isRequested)
    #expect(!signal.wait(milliseconds: 5))
    try signal.check()
    #expect(!isReadable(signal.fileDescriptor))
  }

  @Test func `a raised signal stays raised and readable`() {
    let signal = StopSignal()
    signal.request()
    signal.request()
    #expect(signal.isRequested)
    #expect(signal.wait(milliseconds: 60_000))
    #expect(throws: Stopped.self) { try signal.check() }
    #expect(isReadable(signal.fileDescriptor))
    #expect(isReadable(signal.fileDescriptor))
  }

  @Test(.timeLimit(.minutes(1))) func `a request from elsewhere ends the wait`() async {
    let signal = StopSignal()
    Task.detached { signal.request() }
    #expect(signal.wait(milliseconds: 600_000))
  }

  @Test func `milliseconds are rounded up and bounded`() {
    #expect(Duration.nanoseconds(1).wholeMilliseconds == 1)
    #expect(Duration.milliseconds(1500).wholeMilliseconds == 1500)
    #expect(Duration.seconds(-1).wholeMilliseconds == 0)
    #expect(Duration.nanoseconds(-1).wholeMilliseconds == 0)
    #expect(Duration.seconds(1_000_000_000).wholeMilliseconds == 86_400_000)
  }

  private func isReadable(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 0) == 1
  }
}
