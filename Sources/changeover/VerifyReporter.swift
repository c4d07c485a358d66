import Logging
import Model
import Pipeline
import Synchronization

/// Tells how far a verify is: a progress bar on a terminal, a line every few seconds elsewhere.
final class VerifyReporter: Sendable {
  private static let lineSeconds = 5.0

  private struct State {
    var bar = ProgressBar()
    var started: ContinuousClock.Instant?
    var firstRows: Int64 = 0
    var toldAt = ContinuousClock.now
  }
  private let state = Mutex(State())
  private let logger: Logger = {
    var logger = Logger(label: "changeover", factory: { _ in LineLogHandler() })
    logger.logLevel = .info
    return logger
  }()

  func tell(_ event: VerifyEvent) {
    switch event {
    case .note(let text): line(text)
    case .warning(let text): warn(text)
    case .comparing(let table, let rows, let expected, let differences):
      comparing(table, rows, expected, differences)
    case .compared(let table, _, let differences):
      if differences > 0 { line("\(table): \(differences) \(differences == 1 ? "row differs" : "rows differ")") }
    case .repairing(let done, let total): passing("repairing: \(done) of \(total) rows are logged again")
    case .checking(let what): passing("looking at \(what)")
    }
  }

  /// Leaves the terminal tidy.
  func finish() { state.withLock { $0.bar.clear() } }

  private func line(_ text: String) {
    finish()
    if Terminal.isInteractive { Terminal.note(text) } else { logger.info("\(text)") }
  }

  private func warn(_ text: String) {
    finish()
    if Terminal.isInteractive { Terminal.note("warning: \(text)") } else { logger.warning("\(text)") }
  }

  /// What is told only while nothing else is.
  private func passing(_ text: String) {
    guard isDue() else { return }
    if Terminal.isInteractive { state.withLock { $0.bar.draw(text) } } else { logger.info("\(text)") }
  }

  private func comparing(_ table: String, _ rows: Int64, _ expected: Int64, _ differences: Int64) {
    let (started, first) = state.withLock { state in
      if state.started == nil {
        state.started = .now
        state.firstRows = rows
      }
      return (state.started ?? .now, state.firstRows)
    }
    guard isDue() else { return }
    let measure = ProgressMeasure(
      done: rows, expected: expected, sinceStart: rows - first, seconds: started.duration(to: .now) / .seconds(1))
    let found = differences == 0 ? "" : "  \(differences) differ"
    if Terminal.isInteractive {
      state.withLock { $0.bar.draw("comparing", measure, tail: found) }
    } else {
      logger.info("comparing \(table): \(measure.text)\(found)")
    }
  }

  private func isDue() -> Bool {
    state.withLock { state in
      let seconds = Terminal.isInteractive ? 0.1 : Self.lineSeconds
      guard state.toldAt.duration(to: .now) >= .seconds(seconds) else { return false }
      state.toldAt = .now
      return true
    }
  }
}
