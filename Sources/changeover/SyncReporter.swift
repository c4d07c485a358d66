import Logging
import Model
import Pipeline
import Synchronization

/// Tells what a sync does: a progress bar on a terminal, a line every few seconds elsewhere.
final class SyncReporter: Sendable {
  private static let lineSeconds = 5.0

  private struct State {
    var bar = ProgressBar()
    var copyStarted: ContinuousClock.Instant?
    var copyStartRows: Int64 = 0
    var toldAt: ContinuousClock.Instant?
    var scanned: String?
  }
  private let state = Mutex(State())
  private let logger: Logger = {
    var logger = Logger(label: "changeover", factory: { _ in LineLogHandler() })
    logger.logLevel = .info
    return logger
  }()

  func tell(_ event: SyncEvent) {
    switch event {
    case .note(let text): line(text)
    case .warning(let text): warn(text)
    case .leftOut(let table, let reason): line("'\(table)' stays out: \(reason)")
    case .scanning(let table, let rows): scanning(table, rows)
    case .installed(let tables): line("triggers installed on \(tables) tables")
    case .targetCreated(let tables, let schema):
      line("\(tables) tables created in schema '\(schema)', closed until cutover")
    case .copying(let counts): copying(counts)
    case .copied(let rows, let seconds):
      line("copied \(rows) rows in \(Self.decimal(seconds)) s (\(ProgressMeasure.rate(rows, seconds)) rows/s)")
    case .buildingIndexes(let done, let total):
      if total > 0, done == total || isDue(seconds: 1) { line("indexes: \(done) of \(total)") }
    case .streaming(let position): line("streaming from group \(position.group), change \(position.sequence)")
    case .applied(let groups, let changes, let lag):
      line("applied \(changes) changes in \(groups) groups, \(lag) behind")
    case .targetAway(let reason, let seconds):
      warn("PostgreSQL is away: \(reason); changes go on into the journal, next try in \(Self.decimal(seconds)) s")
    case .targetBack: line("PostgreSQL is back")
    case .caughtUp(.forward): line("caught up: the target has everything")
    case .caughtUp(.reverse): line("caught up: SQLite has everything")
    case .schemaStep(let step): tell(step)
    case .switched: line("the switch is done: PostgreSQL is the authority, and SQLite follows from here on")
    case .switchedBack: line("the way back is done: SQLite is the authority, and PostgreSQL follows from here on")
    case .streamingBack(let position):
      line("streaming back from group \(position.group), change \(position.sequence)")
    case .finished: line("the move is over (changeover finish): nothing is synced any more")
    }
  }

  private func tell(_ step: TableStep) {
    switch step.action {
    case .altered: line("the schema changed: table '\(step.name)' is carried over")
    case .copied(let reason): line("the schema changed: table '\(step.name)' is copied again: \(reason)")
    case .removed: line("the schema changed: table '\(step.name)' leaves the target")
    case .held(let hold):
      warn("table '\(step.name)' does not follow: \(hold.reason); remedy: \(hold.remedy(step.name))")
    }
  }

  /// Leaves the terminal tidy.
  func finish() {
    state.withLock { $0.bar.clear() }
  }

  private func line(_ text: String) {
    clearBar()
    if Terminal.isInteractive { Terminal.note(text) } else { logger.info("\(text)") }
  }

  private func warn(_ text: String) {
    clearBar()
    if Terminal.isInteractive { Terminal.note("warning: \(text)") } else { logger.warning("\(text)") }
  }

  private func scanning(_ table: String, _ rows: Int64) {
    guard isDue(seconds: Terminal.isInteractive ? 0.1 : Self.lineSeconds) else { return }
    let text = "reading types: \(table), \(rows) rows"
    if Terminal.isInteractive { draw(text) } else { logger.info("\(text)") }
  }

  private func copying(_ counts: CopyCounts) {
    let started = state.withLock { state -> (ContinuousClock.Instant, Int64) in
      if state.copyStarted == nil {
        state.copyStarted = .now
        state.copyStartRows = counts.rows
      }
      return (state.copyStarted ?? .now, state.copyStartRows)
    }
    guard counts.tablesDone == counts.tables || isDue(seconds: Terminal.isInteractive ? 0.1 : Self.lineSeconds) else {
      return
    }
    let measure = ProgressMeasure(
      done: counts.rows, expected: counts.expected, sinceStart: counts.rows - started.1,
      seconds: started.0.duration(to: .now) / .seconds(1))
    if Terminal.isInteractive {
      state.withLock { $0.bar.draw("copying", measure) }
    } else {
      logger.info("copying: \(measure.text)")
    }
  }

  private func isDue(seconds: Double) -> Bool {
    state.withLock { state in
      if let told = state.toldAt, told.duration(to: .now) < .seconds(seconds) { return false }
      state.toldAt = .now
      return true
    }
  }

  private func draw(_ text: String) { state.withLock { $0.bar.draw(text) } }

  private func clearBar() { state.withLock { $0.bar.clear() } }

  static func decimal(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
