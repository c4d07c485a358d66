import ArgumentParser
import Cutover
import Model

/// `changeover rollback`
struct RollbackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract:
      "Switches the application's writes back to SQLite, with everything written since. A dry run unless --execute.",
    discussion: """
      Without --execute it only says GO or NO-GO. With it, writers to PostgreSQL wait for milliseconds while the last \
      changes come back and PostgreSQL is closed; then the SQLite file is opened. Anything that goes wrong before that \
      leaves everything as it was. Afterwards sync follows SQLite again without a new copy, and cutover can switch again.
      """)

  @OptionGroup var stores: StoreOptions
  @OptionGroup var arguments: SwitchArguments

  @Flag(help: "End sessions of PostgreSQL that keep their transactions open for longer than --lock-timeout.")
  var terminate = false

  @Flag(
    help: ArgumentHelp(
      "Open the SQLite file although PostgreSQL is gone for good, and say how far behind it is.",
      discussion: "What was written to PostgreSQL after the last group in the journal is lost to SQLite."))
  var abandonTarget = false

  func run() throws {
    let stop = StopSignal()
    Signals.stop(with: stop)
    let options = RollbackOptions(
      try arguments.settings(stores), terminates: terminate, abandonsTarget: abandonTarget)
    let report = try Rollback(options, stop: stop, report: arguments.report).run()
    Terminal.print(arguments.json ? report.json.text : conclusion(report))
    try SwitchOutput.end(report, execute: arguments.execute)
  }

  private func conclusion(_ report: SwitchReport) -> String {
    if report.wasSwitchedBefore {
      return "SQLite is the authority again already: there is nothing to go back from."
        + (report.isGo ? "" : " What failed above can be tried again.")
    }
    guard arguments.execute else {
      return report.isGo ? "GO. Nothing was changed: run it again with --execute." : "NO-GO. Nothing was changed."
    }
    if abandonTarget {
      return report.switched ? "SQLite is open, without its target." : "NOT opened: nothing was changed."
    }
    guard report.switched else { return "NOT switched back: PostgreSQL is the authority as before." }
    return "Switched back\(report.isGo ? "" : "; see what failed above"). \(SwitchOutput.figures(report))"
  }
}
