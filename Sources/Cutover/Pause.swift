import Model
import Pipeline
import Postgres

/// The time that writers wait: it has a limit, and ends whatever goes on in it.
final class Pause: Sendable {
  /// What is kept back for cancelling a statement that the target does not answer, so that the limit holds.
  private static let reserve = 0.5

  let began: ContinuousClock.Instant
  let end: ContinuousClock.Instant
  /// When the target must have answered.
  let targetEnd: ContinuousClock.Instant
  private let isOver = StopSignal()

  /// Begins now. `overtime` is raised at the limit, unless the pause ended before.
  init(seconds: Double, overtime: StopSignal) {
    began = .now
    end = began + .seconds(seconds)
    targetEnd = end - .seconds(min(Self.reserve, seconds * 0.3))
    _ = Worker { [isOver] in
      if !isOver.wait(milliseconds: Int(min(seconds, 1e6) * 1_000)) { overtime.request() }
    }
  }

  deinit { isOver.request() }

  /// Throws once the writers have waited as long as they may.
  func check() throws(PauseLimitExceeded) {
    if ContinuousClock.now >= end { throw PauseLimitExceeded() }
  }

  /// Why a switch ended within its pause, for people.
  static func reason(_ error: any Error, limit: Double, isStopped: Bool) -> String {
    if isStopped { return "it was asked to stop" }
    if case .timedOut? = error as? PostgresError { return overtime(limit) }
    return error is PauseLimitExceeded || error is Stopped ? overtime(limit) : "\(error)"
  }

  private static func overtime(_ limit: Double) -> String { "the pause limit of \(limit) s was reached" }

  /// Ends it; returns how long it was, in milliseconds.
  func finish() -> Double {
    isOver.request()
    return began.duration(to: .now) / .milliseconds(1)
  }
}

/// Writers have waited as long as they may.
struct PauseLimitExceeded: Error {}
