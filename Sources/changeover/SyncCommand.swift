import ArgumentParser
import Capture
import Model
import Pipeline

extension SchemaPolicy: ExpressibleByArgument {}

/// `changeover sync`
struct SyncCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync",
    abstract: "The background process: installs triggers, copies, then streams changes, back after the switch. Resumes."
  )

  @OptionGroup var stores: StoreOptions
  @OptionGroup(title: "Types and names") var typeOptions: TypeOptions

  @Option(help: "Only tables whose names match (* and ?); counts at the first start. May be given several times.")
  var include: [String] = []

  @Option(help: "Leave out tables whose names match (* and ?); counts at the first start. May be given several times.")
  var exclude: [String] = []

  @Option(help: "Tables copied at a time (default 2).")
  var jobs: Int?

  @Option(
    help: ArgumentHelp(
      "When the application changes its schema: forward carries it over, pause holds the table (default forward).",
      valueName: "forward|pause"))
  var schemaChanges: SchemaPolicy?

  @Flag(help: "End as soon as the store that follows has everything.")
  var untilCaughtUp = false

  @Flag(help: "Drop what was copied to the target and start over.")
  var reseed = false

  @Flag(help: "Take the source over from another state directory that is gone.")
  var takeOver = false

  @Option(help: "Compare both stores in the background, so long after the last time (90m, 6h, 1d).")
  var verifyEvery: TimeSpan?

  @Option(help: "Rows a second that the background verify compares (default 20000).")
  var verifyRate: Int?

  func validate() throws {
    if let verifyEvery, verifyEvery.seconds < 1 { throw ValidationError("--verify-every takes a second or more") }
    if let verifyRate, verifyRate < 1 { throw ValidationError("--verify-rate takes a number above 0") }
    if let jobs, !(1...64).contains(jobs) { throw ValidationError("--jobs takes a number from 1 to 64") }
  }

  func run() throws {
    let stop = StopSignal()
    Signals.stop(with: stop)
    let configuration = try stores.configuration()
    let overrides = try typeOptions.overrides(configuration)
    let options = SyncOptions(
      source: try stores.source(configuration), target: try stores.target(configuration),
      state: try stores.state(configuration),
      selection: .init(
        include: include.isEmpty ? configuration.include : include,
        exclude: exclude.isEmpty ? configuration.exclude : exclude, excludedNames: overrides.excludedTables),
      targetSchema: stores.targetSchema ?? configuration.targetSchema, untilCaughtUp: untilCaughtUp, reseed: reseed,
      takeOver: takeOver, jobs: jobs ?? configuration.jobs, retention: configuration.retention,
      overrides: overrides, schemaPolicy: schemaChanges ?? configuration.schemaChanges,
      verifyEvery: verifyEvery?.seconds ?? configuration.verifyEvery?.seconds,
      verifyRate: Double(verifyRate ?? configuration.verifyRate))
    let reporter = SyncReporter()
    defer { reporter.finish() }
    try Sync(options, stop: stop) { reporter.tell($0) }.run()
    if Signals.wereRaised { reporter.tell(.note("stopped as asked; sync goes on from here when it is started again")) }
  }
}
