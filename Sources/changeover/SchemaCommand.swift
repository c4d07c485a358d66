import ArgumentParser
import Capture
import Model
import Pipeline
import Postgres
import Schema

/// `changeover schema`
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints the DDL of the target, as sync would create it; --apply creates it, --diff compares.",
    discussion: """
      Reads the source and all its data; needs no target unless --apply or --diff is given. --diff exits with 1 where \
      the target differs.
      """)

  @OptionGroup var stores: StoreOptions
  @OptionGroup(title: "Types and names") var typeOptions: TypeOptions

  @Option(help: "Only tables whose names match (* and ?). May be given several times.")
  var include: [String] = []

  @Option(help: "Leave out tables whose names match (* and ?). May be given several times.")
  var exclude: [String] = []

  @Flag(help: "Create the tables on the target, empty, with everything that belongs to them.")
  var apply = false

  @Flag(help: "Compare with what stands on the target.")
  var diff = false

  @Flag(help: "One JSON object.")
  var json = false

  func validate() throws {
    if apply, diff { throw ValidationError("--apply and --diff exclude each other") }
  }

  func run() throws {
    let stop = StopSignal()
    Signals.stop(with: stop)
    let configuration = try stores.configuration()
    guard apply || diff else {
      let schema = schema(configuration) ?? "public"
      return printScript(try draft(configuration, schema, Citext(schema: schema), stop))
    }
    let target = try stores.target(configuration)
    do {
      var connection = try Connection(
        target, applicationName: "changeover schema", stop: stop, timeoutSeconds: 10)
      let schema = try SchemaDraft.schema(schema(configuration), &connection)
      let draft = try draft(configuration, schema, SchemaDraft.citext(schema, &connection), stop)
      if apply { return try apply(draft, &connection) }
      try compare(draft, &connection)
    } catch let error as PostgresError {
      throw error.failure(operation: apply ? "create tables on" : "look at", subject: target.safeDescription)
    }
  }

  private func schema(_ configuration: Configuration) -> String? { stores.targetSchema ?? configuration.targetSchema }

  private func draft(
    _ configuration: Configuration, _ schema: String, _ citext: Citext?, _ stop: StopSignal
  ) throws -> SchemaDraft {
    let overrides = try typeOptions.overrides(configuration)
    return try SchemaDraft.read(
      source: try stores.source(configuration),
      selection: .init(
        include: include.isEmpty ? configuration.include : include,
        exclude: exclude.isEmpty ? configuration.exclude : exclude, excludedNames: overrides.excludedTables),
      overrides: overrides, schema: schema, citext: citext, stop: stop)
  }

  private func printScript(_ draft: SchemaDraft) {
    let script = draft.script
    guard json else { return Terminal.print(script.text) }
    Terminal.print(
      JSON.object([
        ("schema", .string(draft.plan.schema)),
        ("statements", .array(script.statements.map { .string(PostgresText.relaxed($0)) })),
        ("notes", .array(script.notes.map { .string($0) })),
      ]).text)
  }

  private func apply(_ draft: SchemaDraft, _ connection: inout Connection) throws {
    try draft.apply(&connection)
    let tables = draft.plan.tables.map(\.targetName).sorted()
    guard json else {
      return Terminal.print(
        "created \(tables.count) \(tables.count == 1 ? "table" : "tables") in schema \(draft.plan.schema); "
          + "changeover sync fills them")
    }
    Terminal.print(
      JSON.object([
        ("schema", .string(draft.plan.schema)), ("created", .array(tables.map { .string($0) })),
      ]).text)
  }

  private func compare(_ draft: SchemaDraft, _ connection: inout Connection) throws {
    let differences = try draft.differences(&connection)
    if json {
      Terminal.print(
        JSON.object([
          ("schema", .string(draft.plan.schema)), ("equal", .bool(differences.isEmpty)),
          ("differences", .array(differences.map(Self.json))),
        ]).text)
    } else {
      for difference in differences { Terminal.print(difference.sentence) }
      if differences.isEmpty { Terminal.print("schema \(draft.plan.schema) is as planned") }
    }
    if !differences.isEmpty { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }

  private static func json(_ difference: SchemaDifference) -> JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    return .object([
      ("table", .string(difference.table)), ("column", text(difference.column)),
      ("subject", .string(difference.subject.rawValue)), ("planned", text(difference.planned)),
      ("found", text(difference.found)),
    ])
  }
}
