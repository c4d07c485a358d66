/// The checkpoints so far.
struct Steps {
  private(set) var outcome = SwitchReport()
  /// What the names of further checkpoints begin with.
  var prefix = ""
  private let report: @Sendable (Checkpoint) -> Void
  private var log: StepLog?
  private var untold = 0
  private var isHeld = false

  init(report: @escaping @Sendable (Checkpoint) -> Void) { self.report = report }

  /// Writes the steps down from here on, those that were before too.
  mutating func keep(in log: StepLog) {
    self.log = log
    outcome.log = log.path
    for checkpoint in outcome.checkpoints { log.write(checkpoint) }
  }

  mutating func update(_ change: (inout SwitchReport) -> Void) { change(&outcome) }

  mutating func add(_ checkpoint: Checkpoint) {
    let named = Checkpoint(
      prefix + checkpoint.name, ok: checkpoint.ok, detail: checkpoint.detail, milliseconds: checkpoint.milliseconds)
    outcome.checkpoints.append(named)
    log?.write(named)
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

  /// The last line of the log.
  func conclude(_ words: String) { log?.write(words) }

  private mutating func tell() {
    for checkpoint in outcome.checkpoints[untold...] { report(checkpoint) }
    untold = outcome.checkpoints.count
  }

  private static func milliseconds(since started: ContinuousClock.Instant) -> Double {
    started.duration(to: .now) / .milliseconds(1)
  }
}
