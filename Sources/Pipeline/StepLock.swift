import Glibc
import Model

/// A lock between processes on one machine, given in turn: who waits holds the turn, so that a process that takes the
/// lock again and again does not starve the one that wants it once. The kernel frees it when its holder dies.
package struct StepLock: Sendable {
  private let path: String

  package init(path: String) { self.path = path }

  /// Held until the value dies.
  package struct Held: ~Copyable {
    private let descriptor: Int32
    fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// A number that one holder leaves for the next: a hint, which a crash may lose.
    package var mark: Int64? {
      get {
        var value: Int64 = 0
        return pread(descriptor, &value, 8, 0) == 8 ? value : nil
      }
      nonmutating set {
        guard var value = newValue else { return }
        _ = pwrite(descriptor, &value, 8, 0)
      }
    }
  }

  /// Waits for the lock; throws `Stopped` when asked to stop, and `Failure` after `seconds`.
  package func acquire(stop: StopSignal, seconds: Double = .infinity) throws -> Held {
    let end = ContinuousClock.now + .seconds(min(seconds, 1e9))
    let turn = try wait(for: path + ".turn", stop, end)
    let held = try wait(for: path, stop, end)
    _ = consume turn
    return held
  }

  /// The lock, or nil where another process has it.
  package func tryAcquire() throws -> Held? {
    let descriptor = try open(path)
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return Held(descriptor) }
    close(descriptor)
    return nil
  }

  private func wait(for path: String, _ stop: StopSignal, _ end: ContinuousClock.Instant) throws -> Held {
    let descriptor = try open(path)
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if stop.isRequested || ContinuousClock.now >= end {
        close(descriptor)
        try stop.check()
        throw Failure(
          .tryAgain, "another changeover process keeps \(path) locked", remedy: "wait for it to end, then try again")
      }
      usleep(300)
    }
    return Held(descriptor)
  }

  private func open(_ path: String) throws -> Int32 {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw Failure(
        .configuration, "cannot open \(path): \(String(cString: strerror(errno)))",
        remedy: "give this user write permission on the state directory, or name another with --state")
    }
    return descriptor
  }
}
