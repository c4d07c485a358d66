import Glibc
import Model
import Synchronization

/// Work on a thread of its own: blocking C calls have no place on Swift's cooperative threads.
package final class Worker<Result: Sendable>: Sendable {
  private let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
  private let done = StopSignal()

  /// Starts the thread at once.
  package init(_ body: @escaping @Sendable () throws -> Result) {
    let start = Start { [outcome = OutcomeBox(self)] in
      outcome.worker.finish(Swift.Result { try body() })
    }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(start)
    let code = pthread_create(&thread, nil, threadEntry, context.toOpaque())
    if code == 0 {
      pthread_detach(thread)
    } else {
      context.release()
      finish(
        .failure(Failure(.internalError, "cannot start a thread", remedy: "raise the limit on this user's processes")))
    }
  }

  private func finish(_ result: Swift.Result<Result, any Error>) {
    outcome.withLock { $0 = result }
    done.request()
  }

  package var isDone: Bool { done.isRequested }

  /// Waits for the end; rethrows what the work threw.
  package func join() throws -> Result {
    while true {
      done.wait(milliseconds: 60_000)
      if let result = outcome.withLock({ $0 }) { return try result.get() }
    }
  }

  private struct OutcomeBox: Sendable {
    let worker: Worker
    init(_ worker: Worker) { self.worker = worker }
  }
}

/// What a new thread runs; freed there.
private final class Start: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private let threadEntry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
  if let context { Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body() }
  return nil
}
