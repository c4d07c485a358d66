/// The checkpoints so far.
struct Steps {
  private(set) var outcome = CutoverReport()
  private let report: @Sendable (Checkpoint) -> Void
  private var untold = 0
  private var isHeld = false

  init(report: @escaping @Sendable (Checkpoint) -> Void) { self.report = report }

  mutating func update(_ change: (inout CutoverReport) -> Void) { change(&outcome) }

  mutating func add(_ checkpoint: Checkpoint) {
    outcome.checkpoints.append(checkpoint)
    if !isHeld { tell() }
  }

  mutating func note(_ name: String, _ detail: String, since started: ContinuousClock.Instant = .now) {
    add(Checkpoint(name, ok: true, detail: detail, milliseconds: Self.milliseconds(since: started)))
  }

  mutating func fail(_ name: String, _ detail: String, since started: ContinuousClock.Instant = .now) {
    add(Checkpoint(name, ok: false, detail: detail, milliseconds: Self.milliseconds(since: started)))
  }

  /// Tells nothing until `release()`: writers must not wait for whoever reads our output.
  mutating func hold() { isHeld = true }

  mutating func release() {
    isHeld = false
    tell()
  }

  private mutating func tell() {
    for checkpoint in outcome.checkpoints[untold...] { report(checkpoint) }
    untold = outcome.checkpoints.count
  }

  private static func milliseconds(since started: ContinuousClock.Instant) -> Double {
    started.duration(to: .now) / .milliseconds(1)
  }
}
