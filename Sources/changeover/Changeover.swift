import ArgumentParser
import Glibc
import Model

/// The command line's root.
@main
struct Changeover: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "changeover",
    abstract: "Moves a live application from SQLite to PostgreSQL without stopping it and without losing a write.",
    discussion: """
      sync installs triggers in the SQLite file, copies the data and then streams every change to PostgreSQL. lag tells \
      how far behind it is. cutover switches, with a pause of milliseconds for the application's writers.

      Exit codes: 0 good, 1 the check failed, 64 usage, 65 bad data, 69 a database cannot be reached, 70 internal, \
      75 try again (another changeover owns this source, or it stayed locked), 78 configuration.
      """,
    version: Release.version,
    subcommands: [
      AssessCommand.self, SchemaCommand.self, SyncCommand.self, LagCommand.self, StatusCommand.self,
      QuarantineCommand.self, VerifyCommand.self, ResyncCommand.self, SuspendCommand.self, ResumeCommand.self,
      BackupCommand.self, CutoverCommand.self, RollbackCommand.self, FinishCommand.self, JournalCommand.self,
      UninstallCommand.self,
    ])

  static func main() {
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot()
      // Parsed already: now nobody need read the password in the process list.
      ArgumentMask.hidePasswords()
      try command.run()
    } catch let failure as Failure {
      Terminal.complain(failure)
      Glibc.exit(failure.status.rawValue)
    } catch {
      exit(withError: error)
    }
  }
}
