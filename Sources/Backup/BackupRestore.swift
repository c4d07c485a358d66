import Capture
import Glibc
import Model
import Pipeline
import SQLite

/// Puts a backup's database where it is wanted: whole or not at all, and what stood there is kept.
package struct BackupRestore {
  private static let spareBytes: Int64 = 1 << 20

  private let backup: Backup
  private let path: String
  private let state: StateDirectory?
  private let overFenced: Bool
  private let stop: StopSignal
  private let onProgress: (BackupProgress) -> Void
  /// Tells this restore's files from another's.
  private let tag: String

  /// - Parameter state: the state directory that belongs to the file at `path`, where there is one.
  package init(
    _ backup: Backup, to path: String, state: String, overFenced: Bool = false, stop: StopSignal = StopSignal(),
    onProgress: @escaping (BackupProgress) -> Void = { _ in }
  ) {
    self.backup = backup
    self.path = path
    self.state = StateDirectory(existing: state)
    self.overFenced = overFenced
    self.stop = stop
    self.onProgress = onProgress
    tag = String(RandomID.random().description.prefix(8))
  }

  /// Says what would be done; nothing is touched.
  package func plan() throws -> RestorePlan { try locked { try plan(isSyncRunning: $0) } }

  /// Does it; throws where something speaks against it.
  package func run() throws -> RestorePlan {
    try locked { isInUse in
      let plan = try plan(isSyncRunning: isInUse)
      guard plan.refusals.isEmpty else {
        throw Failure(
          .checkFailed, "\(path) is left as it is: \(plan.refusals.joined(separator: "; "))", remedy: "")
      }
      let swap = FileSwap(path: path, temporary: "\(path).restoring-\(tag)", aside: plan.aside)
      try requireSpace()
      try swap.write(backup, stop: stop, onProgress)
      FaultPoint.reach("restore-copied")
      do {
        try swap.run(isReadable: plan.existing?.trouble == nil)
      } catch {
        swap.removeTemporary()
        throw error
      }
      return plan
    }
  }

  /// Runs `body` while no changeover works on the file; it hears whether one does.
  private func locked<R>(_ body: (_ isInUse: Bool) throws -> R) throws -> R {
    guard let state else { return try body(false) }
    guard let sync = try state.syncLock.tryAcquire(), let capture = try state.captureLock.tryAcquire(),
      let apply = try state.applyLock.tryAcquire()
    else { return try body(true) }
    let result = try body(false)
    _ = consume apply
    _ = consume capture
    _ = consume sync
    return result
  }

  private func plan(isSyncRunning: Bool) throws -> RestorePlan {
    try refuseBackupItself()
    let existing = try existing()
    let needsAside = try existing != nil || FileSwap.companions(of: path).isEmpty == false
    return RestorePlan(
      manifest: backup.manifest, path: path, existing: existing,
      aside: needsAside ? "\(path).before-restore-\(tag)" : nil, users: FileUser.all(of: path),
      isSyncRunning: isSyncRunning, isStateKnown: state?.knownSource != nil, overFenced: overFenced)
  }

  private func existing() throws -> RestorePlan.Existing? {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return nil }
      throw BackupFolder.failure("look at", path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(.usage, "\(path) is not a file", remedy: "name the database file itself, not a link or a directory")
    }
    var existing = RestorePlan.Existing(bytes: Int64(status.st_size))
    do {
      let database = try SourceFile.openLeavingNoTrace(path)
      let installation = try SourceInstallation.read(database)
      existing.source = installation?.source
      existing.isFenced = installation?.switchID != nil
      existing.position = try installation.map { _ in try SourceState.position(in: database) } ?? nil
    } catch let error as Failure {
      existing.trouble = error.message
    } catch let error as SQLiteError {
      existing.trouble = error.message
    }
    return existing
  }

  private func refuseBackupItself() throws {
    var database = stat()
    var target = stat()
    guard stat(backup.databasePath, &database) == 0, stat(path, &target) == 0, database.st_dev == target.st_dev,
      database.st_ino == target.st_ino
    else { return }
    throw Failure(.usage, "\(path) is the backup itself", remedy: "name the file that the application uses with --to")
  }

  private func requireSpace() throws {
    let bytes = backup.manifest.database.bytes + Self.spareBytes
    guard let free = BackupFolder.freeBytes(at: FileSwap.directory(of: path)), free < UInt64(max(bytes, 0)) else {
      return
    }
    throw Failure(
      .configuration, "the database takes \(bytes) bytes, and \(FileSwap.directory(of: path)) has \(free) left",
      remedy: "free some space there: the file that it replaces is kept")
  }
}
