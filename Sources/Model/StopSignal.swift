import CLinux
import Glibc
import Synchronization

/// A request to stop that any thread may make and that wakes whoever polls for it. Once made it stays made.
package final class StopSignal: Sendable {
  private let requested = Atomic<Bool>(false)
  /// The eventfd for `poll`: readable from the request on. Never read from or closed by others; −1 where the system
  /// had no descriptor left, which `poll` ignores.
  package let fileDescriptor: Int32

  package init() { fileDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) }

  deinit { if fileDescriptor >= 0 { close(fileDescriptor) } }

  /// Asks for the stop. Callable from any thread, and from a signal handler: one atomic and one `write`.
  package func request() {
    guard !requested.exchange(true, ordering: .acquiringAndReleasing) else { return }
    var one: UInt64 = 1
    _ = write(fileDescriptor, &one, MemoryLayout<UInt64>.size)
  }

  package var isRequested: Bool { requested.load(ordering: .acquiring) }

  /// Throws `Stopped` when the stop was asked for.
  package func check() throws(Stopped) {
    if isRequested { throw Stopped() }
  }

  /// Sleeps for `milliseconds`, or until the stop is asked for; true when it was.
  @discardableResult
  package func wait(milliseconds: Int) -> Bool {
    let end = ContinuousClock.now + .milliseconds(max(0, milliseconds))
    while !isRequested {
      let left = (end - .now).wholeMilliseconds
      if left <= 0 { return false }
      var entry = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
      _ = poll(&entry, 1, left)  // An interrupted or failed poll is no matter: the loop looks again.
    }
    return true
  }
}

extension Duration {
  /// Milliseconds for `poll`: rounded up, so that a wait does not spin through its last one; at most a day.
  package var wholeMilliseconds: Int32 {
    let (seconds, attoseconds) = components
    if seconds >= 86_400 { return 86_400_000 }
    if seconds < 0 || attoseconds < 0 { return 0 }
    return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
