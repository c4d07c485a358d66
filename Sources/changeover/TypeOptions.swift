import ArgumentParser
import Schema

/// Types, readings and names on the command line. Flags go before the file.
struct TypeOptions: ParsableArguments {
  @Option(help: "Types of columns: native (default), strict (also declared limits) or storage (as SQLite stores them).")
  var types: String?

  @Option(help: ArgumentHelp("A column's type: orders.total=numeric(12,2). Several times.", valueName: "column=type"))
  var type: [String] = []

  @Option(
    help: ArgumentHelp(
      "How a column's times are written: orders.at=milliseconds. Several times.",
      discussion: "seconds, milliseconds, microseconds, julian-day, or a pattern as strptime has it (%d.%m.%Y).",
      valueName: "column=unit"))
  var time: [String] = []

  @Option(help: "The zone of times without an offset (Europe/Berlin); they become timestamptz.")
  var timezone: String?

  @Option(help: "Text with NUL characters: fail (default: quarantined), strip, or bytea.")
  var nul: String?

  @Option(help: "Empty text in columns of another type: quarantine (default) or null.")
  var emptyDates: String?

  @Option(help: "Values that do not fit a type chosen by you: refuse (default: do not begin) or quarantine.")
  var misfits: String?

  @Option(
    help: ArgumentHelp("Another name on the target: a=b, orders.total=amount. Several times.", valueName: "old=new"))
  var rename: [String] = []

  @Option(help: ArgumentHelp("Leave a column out: orders.total. Several times.", valueName: "column"))
  var excludeColumn: [String] = []

  @Flag(help: "Names on the target in lower case.")
  var lowerCaseNames = false

  func validate() throws { _ = try flags() }

  /// What the file says, and the flags before it.
  func overrides(_ configuration: Configuration) throws -> Overrides {
    configuration.overrides.merged(with: try flags())
  }

  private func flags() throws -> Overrides {
    var flags = Overrides()
    flags.types = try Self.word(types, "--types")
    flags.nul = try Self.word(nul, "--nul")
    flags.empty = try Self.word(emptyDates, "--empty-dates")
    flags.misfits = try Self.word(misfits, "--misfits")
    if lowerCaseNames { flags.lowerCaseNames = true }
    if let timezone { flags.setZone(timezone, at: "--timezone \(timezone)") }
    for argument in type {
      let (table, column, value) = try Self.column(argument, "--type")
      guard let type = TargetType(value) else {
        throw ValidationError("--type \(argument): '\(value)' is no type; see docs/types.md for those there are")
      }
      flags.set(table, column, at: "--type \(argument)") { $0.type = type }
    }
    for argument in time {
      let (table, column, value) = try Self.column(argument, "--time")
      flags.set(table, column, at: "--time \(argument)") { $0.time = Overrides.Time(value) }
    }
    for argument in rename {
      let (parts, value) = try Self.parts(argument, "--rename")
      switch parts.count {
      case 1: flags.set(parts[0], at: "--rename \(argument)") { $0.rename = value }
      case 2: flags.set(parts[0], parts[1], at: "--rename \(argument)") { $0.rename = value }
      default: throw ValidationError("--rename \(argument): write table=new or table.column=new")
      }
    }
    for argument in excludeColumn {
      guard let parts = DottedName.parts(of: argument), parts.count == 2 else {
        throw ValidationError("--exclude-column \(argument): write table.column")
      }
      flags.set(parts[0], parts[1], at: "--exclude-column \(argument)") { $0.isExcluded = true }
    }
    return flags
  }

  private static func word<Word: RawRepresentable & CaseIterable>(
    _ text: String?, _ flag: String
  ) throws -> Word? where Word.RawValue == String {
    guard let text else { return nil }
    guard let word = Word(rawValue: text) else {
      let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("\(flag) takes one of: \(words)")
    }
    return word
  }

  private static func column(_ argument: String, _ flag: String) throws -> (String, String, String) {
    let (parts, value) = try parts(argument, flag)
    guard parts.count == 2 else { throw ValidationError("\(flag) \(argument): write table.column=…") }
    return (parts[0], parts[1], value)
  }

  /// The name before the first `=` outside of quotes, and what follows it.
  private static func parts(_ argument: String, _ flag: String) throws -> ([String], String) {
    var quote: Character?
    let end = argument.firstIndex { character in
      if let open = quote {
        if character == open { quote = nil }
        return false
      }
      if character == "\"" || character == "'" { quote = character }
      return character == "="
    }
    guard let end, let parts = DottedName.parts(of: argument[..<end]), argument.index(after: end) < argument.endIndex
    else { throw ValidationError("\(flag) \(argument): write name=…; quote names with dots or equals signs") }
    return (parts, String(argument[argument.index(after: end)...]))
  }
}
