import ArgumentParser
import Cutover
import Model

/// `changeover cutover`
struct CutoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cutover",
    abstract: "Switches the application's writes to PostgreSQL. A dry run unless --execute is given.",
    discussion: """
      Without --execute it only says GO or NO-GO. With it, writers wait for milliseconds while the last changes are \
      applied and the SQLite file is closed for writing; then PostgreSQL is opened. Anything that goes wrong before \
      that leaves everything as it was. changeover rollback goes back with nothing lost.
      """)

  @OptionGroup var stores: StoreOptions
  @OptionGroup var arguments: SwitchArguments

  @Option(help: "The role that the application connects to PostgreSQL as: its rights are looked at.")
  var appRole: String?

  @Option(
    help: ArgumentHelp(
      "How old the last clean verify may be (90m, 24h, 2d); with --execute one is run where it is older.",
      discussion: "0 has one run in any case; --waive verified does without."))
  var verifiedWithin = TimeSpan(seconds: 86_400)

  @Flag(help: "NO-GO without a clean verify that is recent enough: none is run here, and none is waived.")
  var requireVerified = false

  @Flag(help: "Make no backup of the SQLite file first.")
  var noBackup = false

  @Option(help: "Stay ready, and do not switch as long as this file exists. It must exist at the start.")
  var postponeFlag: String?

  @Option(help: "A shell command that stops the application's jobs, run before writers wait. Needs --thaw.")
  var freeze: String?

  @Option(help: "A shell command that lets them go on; it runs whenever --freeze ran, whatever came of the switch.")
  var thaw: String?

  @Option(help: "Watch the application for so long after the switch: 90s, 10m, 2h.")
  var watch: TimeSpan?

  @Flag(help: "Roll back where the watch finds that something is wrong.")
  var rollbackOnFailure = false

  func validate() throws {
    guard (freeze == nil) == (thaw == nil) else { throw ValidationError("--freeze and --thaw belong together") }
    guard watch != nil || !rollbackOnFailure else { throw ValidationError("--rollback-on-failure needs --watch") }
  }

  func run() throws {
    let stop = StopSignal()
    Signals.stop(with: stop)
    let options = CutoverOptions(
      try arguments.settings(stores), applicationRole: appRole, postponeFlag: postponeFlag, freeze: freeze, thaw: thaw,
      watch: watch?.seconds, rollsBackOnFailure: rollbackOnFailure, makesBackup: !noBackup,
      verifiedWithin: verifiedWithin.seconds, requiresVerified: requireVerified)
    let report = try Cutover(options, stop: stop, report: arguments.report).run()
    Terminal.print(arguments.json ? report.json.text : conclusion(report))
    // A hook that failed, say, does not undo the switch, and is not passed over either.
    try SwitchOutput.end(report, execute: arguments.execute)
  }

  private func conclusion(_ report: SwitchReport) -> String {
    if report.wasSwitchedBefore {
      return "PostgreSQL is the authority already: there is nothing to switch."
        + (report.isGo ? "" : " What failed above can be tried again.")
    }
    guard arguments.execute else {
      return report.isGo ? "GO. Nothing was changed: run it again with --execute." : "NO-GO. Nothing was changed."
    }
    if report.wasTakenBack {
      return "Switched and taken back: the SQLite file is the authority, with everything written."
    }
    guard report.switched else { return "NOT switched: the SQLite file is the authority as before." }
    return "Switched\(report.isGo ? "" : "; see what failed above"). \(SwitchOutput.figures(report))"
  }
}
