import Logging
import Model
import Pipeline
import Synchronization

/// Tells what a sync does: a progress bar on a terminal, a line every few seconds elsewhere.
final class SyncReporter: Sendable {
  private static let lineSeconds = 5.0

  private struct State {
    var barIsDrawn = false
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
      line("copied \(rows) rows in \(Self.decimal(seconds)) s (\(Self.rate(rows, seconds)) rows/s)")
    case .buildingIndexes(let done, let total):
      if total > 0, done == total || isDue(seconds: 1) { line("indexes: \(done) of \(total)") }
    case .streaming(let position): line("streaming from group \(position.group), change \(position.sequence)")
    case .applied(let groups, let changes, let lag):
      line("applied \(changes) changes in \(groups) groups, \(lag) behind")
    case .targetAway(let reason, let seconds):
      warn("PostgreSQL is away: \(reason); changes go on into the journal, next try in \(Self.decimal(seconds)) s")
    case .targetBack: line("PostgreSQL is back")
    case .caughtUp: line("caught up: the target has everything")
    case .schemaStep(let step): tell(step)
    case .switched: line("the switch is done: PostgreSQL is the authority, nothing is left to stream")
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
    state.withLock { state in
      if state.barIsDrawn { Terminal.write("\n", to: 2) }
      state.barIsDrawn = false
    }
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
    let seconds = started.0.duration(to: .now) / .seconds(1)
    let copied = counts.rows - started.1
    let rate = seconds > 0 ? Double(copied) / seconds : 0
    let left = rate > 0 ? Double(counts.expected - counts.rows) / rate : .nan
    let share = counts.expected > 0 ? Double(counts.rows) / Double(counts.expected) : 1
    let text =
      "\(Int(share * 100)) %  \(counts.rows) of \(counts.expected) rows  \(Self.rate(copied, seconds)) rows/s"
      + (left.isFinite ? "  \(Self.clock(left)) left" : "")
    if Terminal.isInteractive {
      let room = max(Terminal.width - text.count - 12, 0)
      let width = min(room, 30)
      let filled = Int(Double(width) * min(max(share, 0), 1))
      let bar =
        width > 4
        ? "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled) + "] " : ""
      draw("copying \(bar)\(text)")
    } else {
      logger.info("copying: \(text)")
    }
  }

  private func isDue(seconds: Double) -> Bool {
    state.withLock { state in
      if let told = state.toldAt, told.duration(to: .now) < .seconds(seconds) { return false }
      state.toldAt = .now
      return true
    }
  }

  private func draw(_ text: String) {
    state.withLock { $0.barIsDrawn = true }
    Terminal.write("\r\u{1B}[2K" + text, to: 2)
  }

  private func clearBar() {
    state.withLock { state in
      if state.barIsDrawn { Terminal.write("\n", to: 2) }
      state.barIsDrawn = false
    }
  }

  static func decimal(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  private static func rate(_ rows: Int64, _ seconds: Double) -> String {
    seconds > 0 ? String(Int(Double(rows) / seconds)) : "–"
  }

  /// Minutes and seconds.
  private static func clock(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 359_999).rounded(.up))
    let rest = whole % 60
    return "\(whole / 60):\(rest < 10 ? "0" : "")\(rest)"
  }
}
