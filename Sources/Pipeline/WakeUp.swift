import Model
import Synchronization

/// Lets one thread wake another; a signal raised while nobody waits is kept.
final class WakeUp: Sendable {
  private let current = Mutex<StopSignal>(StopSignal())

  func raise() { current.withLock { $0 }.request() }

  /// Returns once raised, after `milliseconds`, or when asked to stop; then it is quiet again.
  func wait(milliseconds: Int, stop: StopSignal) {
    let signal = current.withLock { $0 }
    let deadline = ContinuousClock.now + .milliseconds(milliseconds)
    while !signal.isRequested, !stop.isRequested {
      let left = ContinuousClock.now.duration(to: deadline).wholeMilliseconds
      if left <= 0 { return }
      Poll.wait(for: [signal.fileDescriptor, stop.fileDescriptor], milliseconds: left)
    }
    if signal.isRequested { current.withLock { $0 = StopSignal() } }
  }
}
