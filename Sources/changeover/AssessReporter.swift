import Assess
import Logging

/// Tells how far an assessment is: a bar on a terminal, a line every few seconds elsewhere.
final class AssessReporter {
  private static let lineSeconds = 5.0
  private static let barSeconds = 0.1
  private static let barWidth = 30

  private let started = ContinuousClock.now
  private var told: ContinuousClock.Instant?
  private var isDrawn = false
  private let logger = Logger(label: "changeover", factory: { _ in LineLogHandler() })

  func tell(_ event: AssessEvent) {
    let now = ContinuousClock.now
    // Nothing at all for what is over in a moment.
    let last = told ?? started
    guard last.duration(to: now) >= .seconds(Terminal.isInteractive ? Self.barSeconds : Self.lineSeconds) else {
      return
    }
    told = now
    switch event {
    case .reading(let table, let rows, let expected): tell(table, rows, expected)
    case .checkingForeignKeys(let table): show("looking for orphans of '\(table)'", bar: "")
    }
  }

  private func tell(_ table: String, _ rows: Int64, _ expected: Int64) {
    let share = expected > 0 ? min(max(Double(rows) / Double(expected), 0), 1) : 1
    let seconds = started.duration(to: .now) / .seconds(1)
    let rate = seconds > 0 ? Int64(Double(rows) / seconds) : 0
    let text = "\(Int(share * 100)) %  \(rows) of about \(expected) rows  \(rate) rows/s  \(table)"
    let filled = Int(Double(Self.barWidth) * share)
    show(
      text,
      bar: "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: Self.barWidth - filled) + "] ")
  }

  private func show(_ text: String, bar: String) {
    guard Terminal.isInteractive else { return logger.info("reading: \(text)") }
    isDrawn = true
    let line = (text.count + bar.count < Terminal.width ? bar : "") + text
    Terminal.write("\r\u{1B}[2K" + String(line.prefix(max(Terminal.width - 1, 1))), to: 2)
  }

  /// Leaves the terminal tidy.
  func finish() {
    if isDrawn { Terminal.write("\r\u{1B}[2K", to: 2) }
    isDrawn = false
  }
}
