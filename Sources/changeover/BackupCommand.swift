import ArgumentParser
import Backup
import Model
import Pipeline

/// `changeover backup`
struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract:
      "Makes a backup of the SQLite file while the application goes on, and proves it; lists, checks, restores.",
    discussion: """
      Without a subcommand it makes a backup: a folder with the database file, its schema as SQL, and a manifest with row \
      counts, checksums and the position of the newest change. PostgreSQL is not backed up here: use its own tools.
      """,
    subcommands: [Make.self, List.self, Check.self, Restore.self], defaultSubcommand: Make.self)

  /// `backup make`
  struct Make: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a backup (what backup does by itself).",
      discussion: """
        Reads everything in one read transaction, so that the backup shows one moment. Writers go on meanwhile where the \
        file has a write-ahead log (journal_mode=WAL), and its log grows until the end. Without one a reader keeps writers \
        from committing: the backup warns, and gives up after --pause-limit seconds.
        """)

    @OptionGroup var stores: StoreOptions

    @Option(help: "Directory that gets the backup's folder (default: backups in the state directory).")
    var to: String?

    @Flag(name: .customLong("no-check"), help: "Do not open the copy and compare it with the source.")
    var skipsCheck = false

    @Option(help: "Seconds that writers may wait, where the file has no write-ahead log.")
    var pauseLimit = 5.0

    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
      guard pauseLimit > 0 else { throw ValidationError("--pause-limit takes seconds above 0") }
    }

    func run() throws {
      let configuration = try stores.configuration()
      let order = BackupOrder(
        source: try stores.source(configuration),
        directory: try to ?? Backup.defaultDirectory(state: stores.state(configuration)), checks: !skipsCheck,
        pauseLimit: pauseLimit)
      let backup = try BackupCommand.reporting { stop, tell in
        try Backup.make(order, stop: stop, onProgress: tell)
      }
      Terminal.print(try json ? backup.json : backup.line)
      guard !backup.manifest.isSound else { return }
      for finding in backup.manifest.integrityFindings ?? [] { Terminal.note("integrity check: \(finding)") }
      Terminal.note("the backup is a faithful copy of a database that SQLite's integrity check finds faults with")
      throw ExitCode(ExitStatus.checkFailed.rawValue)
    }
  }

  /// `backup list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One line a backup, the oldest first.")
    @OptionGroup var stores: StoreOptions
    @Option(name: .customLong("in"), help: "Directory that backups went to (default: backups in the state directory).")
    var directory: String?
    @Flag(help: "One JSON object a backup, a line each.") var json = false

    func run() throws {
      let backups = try Backup.list(in: stores.backups(directory))
      for backup in backups { Terminal.print(try json ? backup.json : backup.line) }
      if backups.isEmpty, !json { Terminal.print("no backups") }
    }
  }

  /// `backup check`
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads backups to their last byte and row; exits with 1 when something is wrong.")
    @OptionGroup var stores: StoreOptions
    @Argument(help: "The backups' folders.") var paths: [String] = []
    @Flag(help: "Check every backup in the directory.") var all = false
    @Option(name: .customLong("in"), help: "Directory for --all (default: backups in the state directory).")
    var directory: String?
    @Flag(help: "One JSON object a backup, a line each.") var json = false

    func validate() throws {
      guard all != !paths.isEmpty else { throw ValidationError("name the backups to check, or say --all") }
    }

    func run() throws {
      let backups = all ? try Backup.list(in: stores.backups(directory)) : try paths.map { try Backup(opening: $0) }
      var isGood = true
      for backup in backups {
        let findings = try BackupCommand.reporting { try backup.check(stop: $0, onProgress: $1) }
        isGood = isGood && findings.isEmpty
        if json {
          Terminal.print(
            JSON.object([
              ("path", .string(backup.path)), ("ok", .bool(findings.isEmpty)),
              ("findings", .array(findings.map { .string($0) })),
            ]).text)
        } else {
          Terminal.print("\(Terminal.mark(findings.isEmpty))  \(backup.line)")
          for finding in findings { Terminal.print("      \(finding)") }
        }
      }
      if backups.isEmpty, !json { Terminal.print("no backups") }
      if !isGood { throw ExitCode(ExitStatus.checkFailed.rawValue) }
    }
  }

  /// `backup restore`
  struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Puts a backup's database where it is wanted. A dry run unless --execute is given.",
      discussion: """
        What stands there is kept beside it under another name. Stop the application and changeover sync first: a file \
        that is open is not replaced.
        """)
    @Argument(help: "The backup's folder.") var path: String
    @Option(help: "The database file to write.") var to: String
    @Option(help: "The state directory of that file (CHANGEOVER_STATE; default: its path plus .changeover).")
    var state: String?
    @Flag(help: "Replace a file even though it was closed because its data moved to PostgreSQL.")
    var overFenced = false
    @Flag(help: "Do it.") var execute = false
    @Flag(help: "One JSON object.") var json = false

    func run() throws {
      let backup = try Backup(opening: path)
      let state = state ?? Environment["CHANGEOVER_STATE"] ?? StateDirectory.defaultPath(source: to)
      let plan = try BackupCommand.reporting { stop, tell in
        let restore = BackupRestore(
          backup, to: to, state: state, overFenced: overFenced, stop: stop, onProgress: tell)
        return try execute ? restore.run() : restore.plan()
      }
      if json {
        Terminal.print(plan.json(isRestored: execute).text)
      } else {
        for line in plan.lines(isRestored: execute, backup) { Terminal.print(line) }
      }
      if !plan.refusals.isEmpty { throw ExitCode(ExitStatus.checkFailed.rawValue) }
    }
  }

  /// Runs something long, with its progress told, until it ends or is told to stop.
  private static func reporting<R>(
    _ body: (StopSignal, @escaping (BackupProgress) -> Void) throws -> R
  ) throws -> R {
    let stop = StopSignal()
    Signals.stop(with: stop)
    let reporter = BackupReporter()
    defer { reporter.finish() }
    do {
      return try body(stop) { reporter.tell($0) }
    } catch is Stopped {
      reporter.finish()
      throw Failure(.tryAgain, "stopped before the end", remedy: "nothing was left behind")
    }
  }
}

extension StoreOptions {
  /// Where backups are.
  fileprivate func backups(_ directory: String?) throws -> String {
    if let directory { return directory }
    return Backup.defaultDirectory(state: try state(configuration()))
  }
}
