import ArgumentParser
import Cutover
import Model
import Pipeline

/// `changeover cutover`
struct CutoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cutover",
    abstract: "Switches the application's writes to PostgreSQL. A dry run unless --execute is given.",
    discussion: """
      Without --execute it only says GO or NO-GO. With it, writers wait for milliseconds while the last changes are \
      applied and the SQLite file is closed for writing; then PostgreSQL is opened. Anything that goes wrong before \
      that leaves everything as it was.
      """)

  @OptionGroup var stores: StoreOptions

  @Flag(help: "Do it.")
  var execute = false

  @Option(help: "Seconds that writers may wait; after that it gives up by itself.")
  var pauseLimit = 5.0

  @Option(help: "Seconds to wait for each lock, of the sync, the target and the source; no writer waits meanwhile.")
  var lockTimeout = 30.0

  @Option(help: "Lag in seconds above which it does not begin.")
  var maxLag = 10.0

  @Option(
    help: ArgumentHelp(
      "How old the last clean verify may be (90m, 24h, 2d); with --execute one is run where it is older.",
      discussion: "0 has one run in any case; --waive verified does without."))
  var verifiedWithin = TimeSpan(seconds: 86_400)

  @Option(help: "Accept a finding, by the name that the report gives it. May be given several times.")
  var waive: [String] = []

  @Option(
    help: ArgumentHelp(
      "A shell command that tells the application where to go, run once PostgreSQL is open.",
      discussion: "Its output goes to standard error. Where it failed, or an interrupted cutover never came to it, "
        + "running cutover --execute again runs it; after it ended well it is not run again."))
  var onSwitch: String?

  @Flag(help: "One JSON object at the end.")
  var json = false

  func validate() throws {
    guard pauseLimit > 0, lockTimeout > 0, maxLag >= 0 else {
      throw ValidationError("--pause-limit and --lock-timeout take seconds above 0, --max-lag 0 or more")
    }
  }

  func run() throws {
    let configuration = try stores.configuration()
    let options = CutoverOptions(
      source: try stores.source(configuration), target: try stores.target(configuration),
      state: try stores.state(configuration), targetSchema: stores.targetSchema ?? configuration.targetSchema,
      execute: execute, pauseLimit: pauseLimit, lockTimeout: lockTimeout, maxLag: maxLag,
      verifiedWithin: verifiedWithin.seconds,
      waived: Set(waive.map { $0.hasPrefix("foreign key ") ? String($0.dropFirst("foreign key ".count)) : $0 }),
      onSwitch: onSwitch)
    let json = json
    let report = try Cutover(options) { checkpoint in
      if !json { Terminal.print(Self.line(checkpoint)) }
    }.run()
    if json { Terminal.print(report.json.text) } else { Terminal.print(conclusion(report)) }
    // A hook that failed, say, does not undo the switch, and is not passed over either.
    if !(report.isGo && (report.switched || !execute)) { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }

  static func line(_ checkpoint: Checkpoint) -> String {
    let name = checkpoint.name + String(repeating: " ", count: max(24 - checkpoint.name.count, 1))
    let milliseconds = "\((checkpoint.milliseconds * 10).rounded() / 10) ms"
    return "\(Terminal.mark(checkpoint.ok))  \(name)\(checkpoint.detail)  (\(milliseconds))"
  }

  private func conclusion(_ report: CutoverReport) -> String {
    if report.wasSwitchedBefore {
      return "PostgreSQL is the authority already: there is nothing to switch."
        + (report.isGo ? "" : " What failed above can be tried again.")
    }
    guard execute else {
      return report.isGo ? "GO. Nothing was changed: run it again with --execute." : "NO-GO. Nothing was changed."
    }
    func rounded(_ value: Double?) -> String { value.map { "\(($0 * 10).rounded() / 10)" } ?? "–" }
    guard report.switched else { return "NOT switched: the SQLite file is the authority as before." }
    let rest = report.isGo ? "" : "; see what failed above"
    return
      "Switched\(rest). pause_ms \(rounded(report.pauseMilliseconds)), refused_ms \(rounded(report.refusedMilliseconds))"
  }
}
