import ArgumentParser
import Capture
import Pipeline

/// `changeover resync`
struct ResyncCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resync",
    abstract: "Copies tables again, while everything goes on; takes those off the target that are no longer in SQLite.",
    discussion: """
      The remedy for a table that is paused because its schema changed. The running sync reads the table as a whole and \
      replaces its rows on the target in one transaction; without a running sync the next one does.
      """)

  @OptionGroup var stores: StoreOptions
  @Argument(help: "The tables, as SQLite names them.") var tables: [String]

  func run() throws {
    try stores.ask(.resync, of: tables) { "\($0): copied again" }
  }
}

/// `changeover suspend`
struct SuspendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suspend",
    abstract: "Takes the triggers off tables for a migration that they would stand in the way of.",
    discussion: """
      SQLite refuses to drop a column that a trigger names, as ours do with the columns of UNIQUE indexes. A suspended table \
      does not follow until changeover resume, which copies it again; cutover is refused meanwhile.
      """)

  @OptionGroup var stores: StoreOptions
  @Argument(help: "The tables, as SQLite names them.") var tables: [String]

  func run() throws {
    try stores.ask(.suspend, of: tables) { "\($0): suspended, its triggers are gone; changeover resume brings it back" }
  }
}

/// `changeover resume`
struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Lets suspended tables follow again: they are copied again first.")

  @OptionGroup var stores: StoreOptions
  @Argument(help: "The tables, as SQLite names them.") var tables: [String]

  func run() throws {
    try stores.ask(.resume, of: tables) { "\($0): follows again, once it is copied" }
  }
}

extension StoreOptions {
  /// Asks something of tables and says what comes of it.
  fileprivate func ask(
    _ request: InstalledTable.Request, of tables: [String], _ words: (String) -> String
  ) throws {
    let configuration = try configuration()
    let isRunning = try TableDesk(source: try source(configuration), state: try state(configuration))
      .ask(request, of: tables)
    for table in tables { Terminal.print(words(table)) }
    Terminal.print(
      isRunning
        ? "the running sync takes it up; changeover status tells how the tables stand"
        : "no sync is running here: changeover sync takes it up")
  }
}
