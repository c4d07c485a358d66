import Apply
import Model
import Postgres

/// Keeps the heartbeat on the target going while the other connections are busy.
struct HeartbeatLoop: Sendable {
  let target: ConnectionTarget
  let catalogue: TargetCatalogue
  let record: SourceRecord
  let progress: SyncProgress

  func run() {
    while !progress.stop.isRequested {
      do {
        var connection = try Connection(
          target, applicationName: "changeover heartbeat", stop: progress.stop, timeoutSeconds: 10)
        try beat(&connection)
      } catch {
        // The applying side reports that the target is away.
        progress.stop.wait(milliseconds: 1_000)
      }
    }
    leave()
  }

  private func beat(_ connection: inout Connection) throws {
    let ownership = Ownership(record)
    while !progress.stop.isRequested {
      guard try Heartbeat.beat(ownership, catalogue, &connection) else {
        if try Heartbeat.isSetBack(ownership, catalogue, &connection) {
          // The applying side finds the same, and mends it where it can.
          progress.stop.wait(milliseconds: 1_000)
          continue
        }
        progress.fail(
          Failure(
            .tryAgain, "another changeover took this source over", remedy: "let it run, or stop it before this one"))
        return
      }
      progress.stop.wait(milliseconds: Int(Heartbeat.interval * 1_000))
    }
  }

  /// Says good-bye, so that another state directory need not wait. Half a second at most: nobody waits for us to end.
  private func leave() {
    guard
      var connection = try? Connection(
        target, applicationName: "changeover heartbeat", stop: StopSignal(), timeoutSeconds: 0.5)
    else { return }
    connection.deadline = .now + .milliseconds(500)
    try? Heartbeat.end(Ownership(record), catalogue, &connection)
  }
}
