import Capture
import Glibc
import Model
import Pipeline
import ReverseApply
import SQLite

/// The SQLite file at the end of the move: closed, damaged, without changeover, or gone.
struct OldStore {
  let path: String

  struct Look {
    var installation: SourceInstallation?
    var state: FinishGates.Source
    /// Rows that came back from PostgreSQL and that SQLite did not take.
    var quarantined: Int64 = 0
    var discarded: Int64 = 0
  }

  func look() throws -> Look {
    guard access(path, F_OK) == 0 else { return Look(state: .missing) }
    let database = try SourceFile.openForReading(path)
    guard let installation = try SourceInstallation.read(database) else { return Look(state: .uninstalled) }
    let quarantine = try ReverseQuarantine.count(in: database)
    return Look(
      installation: installation, state: try installation.fenceIsWhole(in: database) ? .fenced : .damaged,
      quarantined: quarantine.blocking, discarded: quarantine.discarded)
  }

  /// Writes down that the move is over, or takes every trace away; returns what became of the file.
  func finish(_ look: Look, removesFence: Bool) throws -> String {
    guard let installation = look.installation else {
      return look.state == .missing ? "gone" : "open for writing, without a trace of changeover"
    }
    let database = try SourceFile.openForWriting(path)
    if removesFence {
      try SourceInstallation.uninstall(database, evenFenced: true)
      return "open for writing again, without a trace of changeover"
    }
    _ = try installation.refence(in: database)
    try SourceInstallation.finish(in: database)
    return "closed for writing, as before"
  }
}
