import Glibc
import Synchronization

/// Work on a thread of its own: what blocks must not sit on Swift's few shared ones.
package final class Background<Outcome: Sendable>: Sendable {
  private let outcome = Mutex<Result<Outcome, any Error>?>(nil)

  package init(_ work: @escaping @Sendable () throws -> Outcome) throws {
    let body = Body { [self] in
      let result = Result { try work() }
      outcome.withLock { $0 = result }
    }
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(body).toOpaque())
    guard code == 0 else { throw SystemFailure("start a thread", code) }
    pthread_detach(thread)
  }

  package var isFinished: Bool { outcome.withLock { $0 != nil } }

  /// What the work returned; throws what it threw.
  package func value() throws -> Outcome {
    try Deadline.wait(for: "a thread") { isFinished }
    guard let result = outcome.withLock({ $0 }) else { throw Deadline.Passed(description: "the thread did not end") }
    return try result.get()
  }
}

private final class Body: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
