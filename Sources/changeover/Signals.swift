import Glibc
import Model
import Synchronization

/// SIGTERM and SIGINT ask for a clean end.
enum Signals {
  /// What the handler raises; set once, before the handlers are.
  nonisolated(unsafe) private static var stop: StopSignal?

  /// Raises `signal` on SIGTERM and SIGINT from now on.
  static func stop(with signal: StopSignal) {
    stop = signal
    var action = sigaction()
    action.__sigaction_handler.sa_handler = handler
    sigemptyset(&action.sa_mask)
    sigaction(SIGTERM, &action, nil)
    sigaction(SIGINT, &action, nil)
  }

  /// Whether one came.
  static var wereRaised: Bool { raised.load(ordering: .acquiring) }

  private static let raised = Atomic<Bool>(false)

  private static let handler: @convention(c) (Int32) -> Void = { _ in
    raised.store(true, ordering: .releasing)
    stop?.request()
  }
}
