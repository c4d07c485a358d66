import ArgumentParser
import Capture
import Model
import Pipeline
import SQLite

/// `changeover uninstall`
struct UninstallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uninstall",
    abstract: "Takes every trace of changeover out of the SQLite file. Refuses while it is fenced.")

  @OptionGroup var stores: StoreOptions

  @Flag(help: "Uninstall although the state directory that owns the source is gone.")
  var takeOver = false

  func run() throws {
    let configuration = try stores.configuration()
    let source = try stores.source(configuration)
    let database = try SourceFile.openForWriting(source)
    do {
      guard let installation = try SourceInstallation.read(database) else {
        return Terminal.print("\(source): nothing of changeover is there")
      }
      let state = StateDirectory(existing: try stores.state(configuration))
      guard takeOver || installation.owner == state?.id else {
        throw Failure(
          .tryAgain, "\(source) belongs to another state directory, whose sync may be running",
          remedy: "name it with --state; if it is gone for good, add --take-over")
      }
      // Held to the end, so that no sync starts meanwhile.
      let lock = try state.map { state in
        guard let lock = try state.syncLock.tryAcquire() else {
          throw Failure(.tryAgain, "changeover sync of \(source) is running", remedy: "stop it first")
        }
        return lock
      }
      try SourceInstallation.uninstall(database)
      _ = consume lock
    } catch let error as SQLiteError {
      throw error.failure(path: source)
    }
    Terminal.print("\(source): triggers and tables of changeover are removed; the copy on the target stays")
  }
}
