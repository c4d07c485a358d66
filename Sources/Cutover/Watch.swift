import Apply
import Model
import Pipeline
import Postgres

/// Looks at the application for a while after the switch.
struct Watch {
  /// What one look found.
  struct Sample: Sendable, Equatable {
    /// The canary's exit status; nil without one.
    var canary: Int32?
    /// Why PostgreSQL could not be asked; nil where it answered.
    var trouble: String?
    /// How far SQLite is behind, in seconds; nil where it is not known.
    var lag: Double?
    var isSyncRunning = true
    /// Transactions that PostgreSQL committed and rolled back since the watch began.
    var committed: Int64 = 0
    var rolledBack: Int64 = 0
    /// Rows that SQLite does not take: they would stand in the way back.
    var quarantined: Int64 = 0
  }

  /// What a sample must not be beyond.
  struct Limits: Sendable, Equatable {
    var maxLag: Double
    /// Of a hundred transactions so many may fail, once there are enough to tell.
    var rolledBackPercent = 20.0
    var fewest: Int64 = 20
  }

  private static let intervalMilliseconds = 2_000

  let options: CutoverOptions
  let stop: StopSignal
  let clock: any WallClock

  /// What speaks against the switch; nil where nothing does.
  static func objection(_ sample: Sample, _ limits: Limits) -> String? {
    if let trouble = sample.trouble { return "PostgreSQL does not answer: \(trouble)" }
    if let canary = sample.canary, canary != 0 { return "the canary ended with status \(canary)" }
    if sample.quarantined > 0 { return "\(sample.quarantined) rows do not fit SQLite: the way back is blocked" }
    if sample.isSyncRunning, let lag = sample.lag, lag > limits.maxLag {
      return "SQLite is \((lag * 10).rounded() / 10) s behind, more than \(limits.maxLag) s"
    }
    let all = sample.committed + sample.rolledBack
    if all >= limits.fewest, Double(sample.rolledBack) * 100 > Double(all) * limits.rolledBackPercent {
      return "\(sample.rolledBack) of \(all) transactions failed on PostgreSQL"
    }
    return nil
  }

  /// Watches to the end of its time; returns what speaks against the switch as soon as something does. Asked to stop, it
  /// ends as if nothing did.
  func run(seconds: Double, _ steps: inout Steps) -> String? {
    let started = ContinuousClock.now
    let limits = Limits(maxLag: options.settings.maxLag)
    var first: (committed: Int64, rolledBack: Int64)?
    var looks = 0
    while true {
      var sample = look()
      if sample.trouble == nil {
        let base = first ?? (sample.committed, sample.rolledBack)
        first = base
        sample.committed -= base.committed
        sample.rolledBack -= base.rolledBack
      }
      looks += 1
      if let objection = Self.objection(sample, limits) {
        steps.fail("watch", objection, since: started)
        return objection
      }
      let left = started.duration(to: .now) / .seconds(1)
      if left >= seconds || stop.wait(milliseconds: min(Self.intervalMilliseconds, Int((seconds - left) * 1_000) + 1)) {
        let rest = sample.isSyncRunning ? "" : "; no sync runs that would keep SQLite in step"
        steps.note("watch", "\(looks) looks found nothing against the switch\(rest)", since: started)
        return nil
      }
    }
  }

  private func look() -> Sample {
    var sample = Sample()
    do {
      var connection = try Connection(
        options.settings.target, applicationName: "changeover watch", stop: StopSignal(), timeoutSeconds: 5)
      connection.deadline = .now + .seconds(10)
      let result = try connection.query(
        "SELECT xact_commit, xact_rollback FROM pg_stat_database WHERE datname = current_database()")
      sample.committed = try result.int64(0, 0)
      sample.rolledBack = try result.int64(0, 1)
    } catch {
      sample.trouble = "\(error)"
      return sample
    }
    if let canary = options.settings.canary { sample.canary = (try? Hook.run(canary, .forward)) ?? -1 }
    let settings = options.settings
    if let lag = try? LagReport.look(
      source: settings.source, target: settings.target, state: settings.state, targetSchema: settings.targetSchema,
      clock: clock)
    {
      sample.lag = lag.seconds
      sample.isSyncRunning = lag.syncRunning
    }
    return sample
  }
}
