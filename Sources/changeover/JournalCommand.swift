import ArgumentParser
import Journal
import Model
import Pipeline

/// `changeover journal`
struct JournalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "journal", abstract: "Looks into the journal: the batches of changes on their way to the other store.",
    subcommands: [List.self, Show.self, Check.self, Replay.self])

  /// `journal list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One line a batch.")
    @OptionGroup var stores: StoreOptions
    @Flag(help: "One JSON object a batch, a line each.") var json = false

    func run() throws {
      let journal = try stores.journal()
      try JournalCommand.explaining {
        for file in try journal.files() {
          let header = try journal.header(of: file.name)
          Terminal.print(json ? header.summary(bytes: file.size).text : "\(file.name)  \(file.size) B  \(header.line)")
        }
      }
    }
  }

  /// `journal show`
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What batches hold.")
    @OptionGroup var stores: StoreOptions
    @Argument(help: "Batch files, or group numbers (default: the newest group).") var batches: [String] = []
    @Flag(help: "One JSON object a batch, a line each, all values included.") var json = false
    @Flag(help: "Show the rows' values too, not only their keys.") var values = false

    func run() throws {
      var readings: JournalReadings?
      try JournalCommand.explaining {
        for path in try paths() {
          let batch = try Batch(reading: path)
          if json {
            try batch.writeJSON { Terminal.write($0, to: 1) }
            continue
          }
          let known = batch.header.direction == .reverse ? readings ?? load() : JournalReadings()
          if batch.header.direction == .reverse { readings = known }
          try batch.describe(values: values, reading: known.value) { Terminal.write($0, to: 1) }
        }
      }
    }

    /// What the target says of its values, where it can be asked.
    private func load() -> JournalReadings {
      guard let configuration = try? stores.configuration(), let target = try? stores.target(configuration),
        let state = try? stores.state(configuration)
      else { return JournalReadings() }
      return JournalReadings(
        target, state: state, targetSchema: stores.targetSchema ?? configuration.targetSchema)
    }

    private func paths() throws -> [String] {
      if batches.isEmpty {
        let journal = try stores.journal()
        let files = try journal.files()
        return files.filter { $0.name.group == files.last?.name.group }.map { journal.path(of: $0.name) }
      }
      return try batches.flatMap { word -> [String] in
        guard let number = Int64(word) else { return [word] }
        let journal = try stores.journal()
        let found = try journal.files().filter { $0.name.group == GroupNumber(number) }
        guard !found.isEmpty else {
          throw Failure(
            .badData, "the journal has no group \(number)", remedy: "changeover journal list tells which there are")
        }
        return found.map { journal.path(of: $0.name) }
      }
    }
  }

  /// `journal check`
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads every batch to its last byte; exits with 1 when something is wrong.")
    @OptionGroup var stores: StoreOptions
    @Flag(help: "One JSON object.") var json = false

    func run() throws {
      let journal = try stores.journal()
      try JournalCommand.explaining {
        var files = 0
        let findings = try journal.check { _ in files += 1 }
        if json {
          Terminal.print(
            JSON.object([
              ("ok", .bool(findings.isEmpty)), ("batches", .integer(Int64(files))),
              (
                "findings",
                .array(
                  findings.map {
                    .object([
                      ("file", .string($0.file)), ("kind", .string($0.kind.rawValue)), ("detail", .string($0.detail)),
                    ])
                  })
              ),
            ]).text)
        } else {
          for finding in findings { Terminal.print(finding.description) }
          Terminal.print(
            findings.isEmpty ? "\(files) batches, all good" : "\(files) batches, \(findings.count) findings")
        }
        if !findings.isEmpty { throw ExitCode(ExitStatus.checkFailed.rawValue) }
      }
    }
  }

  /// `journal replay`
  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Applies journaled groups to the store that follows again. A dry run unless --execute is given.",
      discussion: """
        That is PostgreSQL, and after the switch SQLite. Groups that it has are applied once more, all in one \
        transaction, and those after its position as sync would. Works without the authority's changes; sync must not \
        run meanwhile.
        """)
    @OptionGroup var stores: StoreOptions
    @Option(help: "The first group (default: the one after the position of the store that follows).") var from: Int64?
    @Flag(help: "Do it.") var execute = false

    func run() throws {
      let configuration = try stores.configuration()
      let replay = JournalReplay(
        source: try stores.source(configuration), target: try stores.target(configuration),
        state: try stores.state(configuration), targetSchema: stores.targetSchema ?? configuration.targetSchema)
      let outcome = try replay.run(from: from.map { GroupNumber($0) }, execute: execute)
      let verb = execute ? "applied" : "would apply"
      let store = outcome.direction == .forward ? "the target" : "SQLite"
      Terminal.print(
        "\(verb) \(outcome.again) groups again and \(outcome.new) new ones; \(store) \(execute ? "is" : "would be") at "
          + "group \(outcome.position.group)")
    }
  }

  fileprivate static func explaining(_ body: () throws -> Void) throws {
    do { try body() } catch let error as JournalError { throw error.failure }
  }
}

extension StoreOptions {
  /// The journal of the state directory; throws where there is none.
  fileprivate func journal() throws -> JournalDirectory {
    let path = try state(configuration())
    guard let state = StateDirectory(existing: path) else {
      throw Failure(
        .configuration, "\(path) is not a state directory of changeover",
        remedy: "name it with --state, or the source with --source")
    }
    return state.journal
  }
}

extension BatchHeader {
  fileprivate func summary(bytes: Int64) -> JSON {
    .object([
      ("batch", .string(name.description)), ("group", .integer(group.rawValue)), ("part", .integer(Int64(part))),
      ("direction", .string(direction.name)), ("more_follows", .bool(moreFollows)),
      ("after", .integer(after.rawValue)), ("last", .integer(last.rawValue)), ("entries", .integer(Int64(entryCount))),
      ("captured_at_us", .integer(capturedAt.microseconds)), ("bytes", .integer(bytes)),
    ])
  }
}
