import Apply
import Capture
import Model
import Postgres

/// The background verify of a running sync: all tables in turn, at a gentle pace, again and again.
struct VerifyLoop: Sendable {
  /// After a run that failed, or one that a commit without a logged change asked for, the next begins no sooner.
  private static let pauseSeconds = 300.0
  private static let glanceMilliseconds = 500

  let options: VerifyOptions
  /// Seconds from the end of one run to the beginning of the next.
  let every: Double
  let session: SyncSession
  let progress: SyncProgress
  let clock: any WallClock
  let report: Report

  /// Runs until the sync stops. Nothing that goes wrong here ends the sync.
  func run() {
    while progress.status.state != .streaming, progress.status.state != .reversed {
      if progress.stop.wait(milliseconds: Self.glanceMilliseconds) { return }
    }
    var due = ContinuousClock.now + .seconds(sinceLast().map { max(every - $0, 0) } ?? 0)
    var endedAt: ContinuousClock.Instant?
    var judged = progress.status.unlogged ?? 0
    while !progress.stop.isRequested {
      let unlogged = progress.status.unlogged ?? 0
      if unlogged > judged {
        due = min(due, endedAt.map { $0 + .seconds(min(every, Self.pauseSeconds)) } ?? .now)
      }
      let left = ContinuousClock.now.duration(to: due)
      if left > .zero {
        progress.verifyWanted.wait(milliseconds: Int(min(left, .seconds(3_600)).wholeMilliseconds), stop: progress.stop)
        continue
      }
      judged = unlogged
      let succeeded = verify()
      endedAt = .now
      due = .now + .seconds(succeeded ? every : min(every, Self.pauseSeconds))
    }
  }

  private func verify() -> Bool {
    do {
      let found = try Verification(options, stop: progress.stop, clock: clock, isInBackground: true) { event in
        if case .warning(let text) = event { report(.warning("verify: \(text)")) }
      }.run()
      tell(found)
      return true
    } catch is Stopped {
      return false
    } catch {
      if !progress.stop.isRequested { report(.warning("verify did not end: \(error)")) }
      return false
    }
  }

  private func tell(_ found: VerifyReport) {
    if found.isClean {
      return report(.note("verify: both stores are equal, \(found.rows) rows"))
    }
    for table in found.tables where !table.isEqual {
      report(
        .warning(
          "verify: "
            + (table.problem.map { "'\(table.name)' could not be compared: \($0)" }
              ?? "\(table.total) rows of '\(table.name)' differ; changeover verify --repair names and mends them")))
    }
    for check in found.checks where !check.ok && check.name != .rowCounts {
      report(.warning("verify: \(check.name.rawValue): \(check.findings.joined(separator: "; "))"))
    }
  }

  /// Seconds since the last run over all tables, by whomever; nil where there was none, or the target does not say.
  private func sinceLast() -> Double? {
    guard
      var connection = try? Connection(
        options.target, applicationName: "changeover verify", stop: progress.stop, timeoutSeconds: 10),
      let latest = try? VerifyRecord.latest(of: session.record.source, session.catalogue, &connection)
    else { return nil }
    return latest.full?.age
  }
}
