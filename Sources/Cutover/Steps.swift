import Model
import Pipeline

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

  /// Goes through the steps of a switch, written down where it executes.
  static func run(
    _ direction: Hook.Direction, _ settings: SwitchSettings, _ clock: any WallClock,
    report: @escaping @Sendable (Checkpoint) -> Void, _ body: (inout Steps) throws -> Void
  ) throws -> SwitchReport {
    var steps = Steps(report: report)
    if settings.execute, StateDirectory(existing: settings.state) != nil {
      steps.keep(in: try StepLog(of: direction.command, state: settings.state, clock: clock))
    }
    do {
      try body(&steps)
    } catch {
      steps.conclude("ended: \(error)")
      throw error
    }
    let isPostgreSQL = (direction == .forward) == steps.outcome.switched
    steps.conclude("\(isPostgreSQL ? "PostgreSQL" : "SQLite") is the authority")
    return steps.outcome
  }

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
