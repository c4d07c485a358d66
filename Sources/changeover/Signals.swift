import Glibc
import Model

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

  private static let handler: @convention(c) (Int32) -> Void = { _ in stop?.request() }
}
