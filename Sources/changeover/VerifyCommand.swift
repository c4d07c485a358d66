import ArgumentParser
import Model
import Pipeline

/// `changeover verify`
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compares every row of both stores while they are being written, exactly.",
    discussion: """
      Works beside a running sync and the application, or without a sync: it applies what is missing itself. Before the \
      switch and after it, in the direction that the rows go. Exits with 0 \
      where both stores are equal and nothing else is wrong, with 1 where something is.
      """)

  @OptionGroup var stores: StoreOptions

  @Option(help: "Only this table, named as in SQLite. May be given several times.")
  var table: [String] = []

  @Flag(help: "Have rows that differ brought again from the store that is written, and compare them once more.")
  var repair = false

  @Option(
    help: ArgumentHelp("Rows of a table that --repair finds and brings before it looks for more.", visibility: .hidden))
  var repairsAtOnce: Int?

  @Option(help: "Differences of a table that are named; all are counted.")
  var limit = 100

  @Flag(help: "Show what the columns that differ hold.")
  var showValues = false

  @Option(help: "Rows a second at most (default: as fast as it goes).")
  var rate: Double?

  @Option(help: "Seconds that a read transaction may stay open on either store.")
  var maxTransactionSeconds = 30.0

  @Flag(help: "Go on where an interrupted run ended.")
  var resume = false

  @Flag(help: "One JSON object at the end.")
  var json = false

  func validate() throws {
    guard limit >= 0 else { throw ValidationError("--limit takes 0 or more") }
    guard maxTransactionSeconds > 0 else { throw ValidationError("--max-transaction-seconds takes a number above 0") }
    if let repairsAtOnce, repairsAtOnce < 1 { throw ValidationError("--repairs-at-once takes 1 or more") }
    if let rate, rate <= 0 { throw ValidationError("--rate takes a number above 0") }
  }

  func run() throws {
    let stop = StopSignal()
    Signals.stop(with: stop)
    let configuration = try stores.configuration()
    var options = VerifyOptions(
      source: try stores.source(configuration), target: try stores.target(configuration),
      state: try stores.state(configuration), targetSchema: stores.targetSchema ?? configuration.targetSchema,
      tables: table, repairs: repair, limit: limit, showsValues: showValues, rowsPerSecond: rate,
      maxTransactionSeconds: maxTransactionSeconds, resumes: resume)
    if let repairsAtOnce { options.repairsAtOnce = repairsAtOnce }
    let reporter = VerifyReporter()
    let report: VerifyReport
    do {
      defer { reporter.finish() }
      report = try Verification(options, stop: stop) { reporter.tell($0) }.run()
    } catch is Stopped {
      throw Failure(.tryAgain, "verify was interrupted", remedy: "verify --resume goes on where it was")
    }
    if json { Terminal.print(report.json.text) } else { VerifyText(report).lines.forEach(Terminal.print) }
    if !report.isClean { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }
}
