import ArgumentParser
import Assess
import Model
import Pipeline

/// `changeover assess`
struct AssessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assess",
    abstract: "Reads the source and says what will move as what, what will not fit, and why; ends with GO or NO-GO.",
    discussion: """
      Nothing is written to the source, and no target is needed. Exit code 0 is GO, 1 is NO-GO. No value of a row is \
      shown but the least and greatest numbers and the keys of examples, unless --show-values is given.
      """)

  @OptionGroup var stores: StoreOptions
  @OptionGroup(title: "Types and names") var typeOptions: TypeOptions

  @Option(help: "Only tables whose names match (* and ?). May be given several times.")
  var include: [String] = []

  @Option(help: "Leave out tables whose names match (* and ?). May be given several times.")
  var exclude: [String] = []

  @Option(help: "Read only about N rows of each table: faster, and the verdict holds for those rows only.")
  var sample: Int?

  @Flag(help: "Show the values of examples, and the least and greatest texts.")
  var showValues = false

  @Flag(help: "One JSON object.")
  var json = false

  @Option(help: "Write the report as a web page, too.")
  var html: String?

  func validate() throws {
    if let sample, sample < 1 { throw ValidationError("--sample takes a number of rows from 1 on") }
  }

  func run() throws {
    let stop = StopSignal()
    Signals.stop(with: stop)
    let configuration = try stores.configuration()
    let overrides = try typeOptions.overrides(configuration)
    let options = AssessOptions(
      source: try stores.source(configuration),
      selection: .init(
        include: include.isEmpty ? configuration.include : include,
        exclude: exclude.isEmpty ? configuration.exclude : exclude, excludedNames: overrides.excludedTables),
      targetSchema: stores.targetSchema ?? configuration.targetSchema ?? "public", overrides: overrides,
      sampleRows: sample,
      showsValues: showValues)
    let reporter = AssessReporter()
    let assessment: Assessment
    do {
      defer { reporter.finish() }
      assessment = try Assessor(options, stop: stop) { reporter.tell($0) }.run()
    } catch is Stopped {
      throw Failure(.tryAgain, "stopped as asked: there is no verdict", remedy: "nothing was changed; run it again")
    }
    if let html { try write(AssessmentHTML.render(assessment, showsValues: showValues), to: html, options.source) }
    if json {
      Terminal.print(assessment.json(showsValues: showValues).text)
    } else {
      Terminal.print(
        AssessmentText.render(
          assessment, width: Terminal.outputWidth,
          isColoured: Terminal.outputIsInteractive && (Environment["NO_COLOR"] ?? "").isEmpty, showsValues: showValues))
    }
    if !assessment.isGo { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }

  /// Never over the database: a slip of the hand must not cost it.
  private func write(_ page: String, to path: String, _ source: String) throws {
    guard AtomicFile.read(path)?.starts(with: Array("SQLite format 3\0".utf8)) != true, path != source else {
      throw Failure(.usage, "\(path) is a database, not a place for a report", remedy: "name another file with --html")
    }
    do {
      try AtomicFile.write(Array(page.utf8), to: path, durable: false)
    } catch {
      throw Failure(
        .configuration, error.message, remedy: "name a file in a directory that this user may write to with --html")
    }
  }
}
