import ArgumentParser
import Glibc
import Model
import Pipeline

/// `changeover lag`
struct LagCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lag", abstract: "Tells how far the target is behind; with limits, by its exit code too.")

  @OptionGroup var stores: StoreOptions

  @Option(help: "Exit with 1 when the oldest change not applied is older, or its age is not known.")
  var maxSeconds: Double?

  @Option(help: "Exit with 1 when more changes are not applied.")
  var maxChanges: Int64?

  @Flag(help: "One JSON object.")
  var json = false

  @Flag(help: "Look again every second until interrupted.")
  var watch = false

  func run() throws {
    let configuration = try stores.configuration()
    let source = try stores.source(configuration)
    let target = try stores.target(configuration)
    let state = try stores.state(configuration)
    let stop = StopSignal()
    if watch { Signals.stop(with: stop) }
    var isWithin: Bool
    repeat {
      let report = try LagReport.look(
        source: source, target: target, state: state,
        targetSchema: stores.targetSchema ?? configuration.targetSchema)
      Terminal.print(json ? report.json.text : report.sentence)
      isWithin = report.isWithin(seconds: maxSeconds, changes: maxChanges)
    } while watch && !stop.wait(milliseconds: 1_000)
    if !isWithin { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }
}

extension LagReport {
  /// The report for people, on one line.
  var sentence: String {
    if state == .finished { return "finished: the move is over, nothing follows any more" }
    var text = state.rawValue
    if !syncRunning { text += " (no sync is running)" }
    guard let changes, let applied = appliedSequence, let newest = sourceSequence else {
      if state == .copying || targetReachable && !isCopied { return text + ": the first copy is not finished" }
      let reason = targetTrouble.map { ", PostgreSQL cannot be reached: \($0)" }
      return text + ": lag is not known" + (reason ?? ", this target knows nothing of the source")
    }
    text += changes == 0 ? ": nothing behind" : ": \(changes) changes behind"
    if changes > 0 {
      let age = seconds.map { (secondsIsUpperBound ? "≤ " : "") + "\(($0 * 1_000).rounded() / 1_000) s" }
      text += ", " + (age ?? "for an unknown time")
    }
    let isReverse = state == .reversed || state == .switched
    text += isReverse ? " (target at \(newest), source at \(applied))" : " (source at \(newest), target at \(applied))"
    if let quarantined, quarantined > 0 { text += ", \(quarantined) rows in the quarantine" }
    if !held.isEmpty { text += ", and these tables do not follow: \(held.joined(separator: ", "))" }
    if !deviations.isEmpty {
      text += ", \(deviations.count) changes of PostgreSQL's schema speak against the way back"
    }
    if let targetTrouble { text += ", as the sync last knew: PostgreSQL cannot be reached (\(targetTrouble))" }
    return text
  }
}
