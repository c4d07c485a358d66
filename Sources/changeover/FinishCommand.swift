import ArgumentParser
import Cutover
import Model

/// `changeover finish`
struct FinishCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "finish",
    abstract: "Ends the move: takes changeover out of PostgreSQL for good. A dry run unless --execute is given.",
    discussion: """
      For the time when nobody wants to go back to SQLite any more: after it there is no rollback. Triggers, log tables, \
      hidden columns and changeover's own tables are removed from PostgreSQL, but for one record that tells a forgotten \
      sync that the move is over. The SQLite file stays closed for writing, and the journal and the backups stay. Running \
      it again completes what was interrupted.
      """)

  @OptionGroup var stores: StoreOptions

  @Flag(help: "Do it.")
  var execute = false

  @Flag(help: "Take changeover out of the SQLite file too: it can be written to again.")
  var removeFence = false

  @Flag(help: "Leave the columns that tell the rows of tables without a key apart.")
  var keepHiddenColumns = false

  @Option(help: "Seconds to wait for each table's lock, in attempts of half a second.")
  var lockTimeout = 30.0

  @Flag(help: "One JSON object at the end.")
  var json = false

  func validate() throws {
    guard lockTimeout > 0 else { throw ValidationError("--lock-timeout takes seconds above 0") }
  }

  func run() throws {
    let configuration = try stores.configuration()
    let options = FinishOptions(
      source: try stores.source(configuration), target: try stores.target(configuration),
      state: try stores.state(configuration), targetSchema: stores.targetSchema ?? configuration.targetSchema,
      execute: execute, removesFence: removeFence, keepsHiddenColumns: keepHiddenColumns, lockTimeout: lockTimeout)
    let json = json
    let stop = StopSignal()
    Signals.stop(with: stop)
    let outcome: FinishOutcome
    do {
      outcome = try Finish(options, stop: stop) { checkpoint in
        if !json { Terminal.print(SwitchOutput.line(checkpoint)) }
      }.run()
    } catch is Stopped {
      throw Failure(.tryAgain, "stopped before the end", remedy: "run it again: it goes on where it was")
    }
    if json {
      Terminal.print(try outcome.json)
    } else {
      if let report = outcome.report { Terminal.write("\n" + report.text, to: 1) }
      Terminal.print(conclusion(outcome))
    }
    if !outcome.isGo { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }

  private func conclusion(_ outcome: FinishOutcome) -> String {
    guard outcome.isGo else { return "NO-GO. Nothing was changed." }
    if execute { return "Finished." }
    return outcome.finished && !removeFence
      ? "The move is over: there is nothing left to remove."
      : "GO. Nothing was changed: run it again with --execute. After that there is no way back."
  }
}
