import ArgumentParser
import Cutover
import Model

/// How a switch tells what it does, in either direction.
enum SwitchOutput {
  static func line(_ checkpoint: Checkpoint) -> String {
    let name = checkpoint.name + String(repeating: " ", count: max(24 - checkpoint.name.count, 1))
    return "\(Terminal.mark(checkpoint.ok))  \(name)\(checkpoint.detail)  (\(rounded(checkpoint.milliseconds)) ms)"
  }

  static func figures(_ report: SwitchReport) -> String {
    "pause_ms \(rounded(report.pauseMilliseconds)), refused_ms \(rounded(report.refusedMilliseconds))"
      + (report.log.map { "; the steps are in \($0)" } ?? "")
  }

  /// Exit code 1 where anything failed, or an executed switch did not come about.
  static func end(_ report: SwitchReport, execute: Bool) throws {
    if !(report.isGo && (report.switched || !execute)) { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }

  private static func rounded(_ value: Double?) -> String { value.map { "\(($0 * 10).rounded() / 10)" } ?? "–" }
}

/// Options that both directions have.
struct SwitchArguments: ParsableArguments {
  @Flag(help: "Do it.")
  var execute = false

  @Option(help: "Seconds that writers may wait; after that it gives up by itself.")
  var pauseLimit = 5.0

  @Option(help: "Seconds to wait for each lock, of the sync, the target and the source.")
  var lockTimeout = 30.0

  @Option(help: "Lag in seconds above which it does not begin.")
  var maxLag = 10.0

  @Option(help: "Accept a finding, by the name that the report gives it. May be given several times.")
  var waive: [String] = []

  @Option(
    help: ArgumentHelp(
      "A shell command that tells the application where to go, run once the other store is open.",
      discussion: "CHANGEOVER_DIRECTION in its environment is 'forward' or 'back'. Its output goes to standard error. "
        + "Where it failed, or an interrupted run never came to it, running the command with --execute again runs it; "
        + "after it ended well it is not run again."))
  var onSwitch: String?

  @Option(help: "A shell command that does one job of the application against the store that was just opened.")
  var canary: String?

  @Flag(help: "One JSON object at the end.")
  var json = false

  func validate() throws {
    guard pauseLimit > 0, lockTimeout > 0, maxLag >= 0 else {
      throw ValidationError("--pause-limit and --lock-timeout take seconds above 0, --max-lag 0 or more")
    }
  }

  func settings(_ stores: StoreOptions) throws -> SwitchSettings {
    let configuration = try stores.configuration()
    return SwitchSettings(
      source: try stores.source(configuration), target: try stores.target(configuration),
      state: try stores.state(configuration), targetSchema: stores.targetSchema ?? configuration.targetSchema,
      execute: execute, pauseLimit: pauseLimit, lockTimeout: lockTimeout, maxLag: maxLag,
      waived: Set(waive.map { $0.hasPrefix("foreign key ") ? String($0.dropFirst("foreign key ".count)) : $0 }),
      onSwitch: onSwitch, canary: canary)
  }

  /// What a run tells as it goes.
  var report: @Sendable (Checkpoint) -> Void {
    let json = json
    return { checkpoint in if !json { Terminal.print(SwitchOutput.line(checkpoint)) } }
  }
}
