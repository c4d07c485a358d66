import Model

/// How far something is, how fast it goes, and how long it takes yet.
struct ProgressMeasure {
  let done: Int64
  let expected: Int64
  /// What was done in `seconds`; an earlier run may have done the rest.
  let sinceStart: Int64
  let seconds: Double

  var share: Double { expected > 0 ? min(max(Double(done) / Double(expected), 0), 1) : 1 }

  var text: String {
    let rate = seconds > 0 ? Double(sinceStart) / seconds : 0
    let left = rate > 0 ? Double(max(expected - done, 0)) / rate : .nan
    return "\(Int(share * 100)) %  \(done) of \(expected) rows  \(Self.rate(sinceStart, seconds)) rows/s"
      + (left.isFinite ? "  \(Self.clock(left)) left" : "")
  }

  static func rate(_ rows: Int64, _ seconds: Double) -> String {
    seconds > 0 ? String(Int(Double(rows) / seconds)) : "–"
  }

  /// Minutes and seconds.
  private static func clock(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 359_999).rounded(.up))
    let rest = whole % 60
    return "\(whole / 60):\(rest < 10 ? "0" : "")\(rest)"
  }
}

/// One line on the terminal that is drawn over and over.
struct ProgressBar {
  private var isDrawn = false

  mutating func draw(_ verb: String, _ measure: ProgressMeasure, tail: String = "") {
    let text = measure.text + tail
    let width = min(max(Terminal.width - text.count - verb.count - 5, 0), 30)
    let filled = Int(Double(width) * measure.share)
    let bar =
      width > 4
      ? "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled) + "] " : ""
    draw("\(verb) \(bar)\(text)")
  }

  mutating func draw(_ text: String) {
    isDrawn = true
    Terminal.write("\r\u{1B}[2K" + text, to: 2)
  }

  /// Ends the line, where one was drawn.
  mutating func clear() {
    if isDrawn { Terminal.write("\n", to: 2) }
    isDrawn = false
  }
}
