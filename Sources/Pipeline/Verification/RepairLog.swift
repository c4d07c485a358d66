import Capture
import Model
import SQLite

/// Logs keys as changes of the source, a few at a time: the application waits meanwhile.
struct RepairLog {
  private static let keysAtOnce = 200
  /// The application gets its turn between two slices.
  private static let pauseMilliseconds = 5

  let path: String
  let source: RandomID
  let stop: StopSignal

  func log(_ keys: [[Value]], of table: TableID, report: (Int) -> Void) throws {
    let database = try SourceFile.openForWriting(path, takesLock: false, stop: stop)
    for start in stride(from: 0, to: keys.count, by: Self.keysAtOnce) {
      try stop.check()
      let some = keys[start..<min(start + Self.keysAtOnce, keys.count)]
      try database.transaction(.immediate) { database in
        guard let installation = try SourceInstallation.read(database), installation.switchID == nil,
          installation.source == source, installation.tables.contains(where: { $0.id == table })
        else { throw SnapshotMaker.isOver }
        for key in some { try installation.log(key, of: table, in: database) }
      }
      report(start + some.count)
      stop.wait(milliseconds: Self.pauseMilliseconds)
    }
  }
}
