import Glibc
import Model
import SQLite

/// Replaces a database file by another in one rename, so that a crash at any moment leaves the one or the other, whole.
struct FileSwap {
  /// Files that belong to a database file and hold a part of what is in it.
  private static let logs = ["-wal", "-journal"]
  private static let patienceMilliseconds = 2_000
  private static let temporaryMark = ".restoring-"

  let path: String
  let temporary: String
  /// Where what stood there is kept; nil where nothing did.
  let aside: String?

  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Logs that stand beside the path and are not empty.
  static func companions(of path: String) throws(Failure) -> [String] {
    logs.filter { log in
      var status = stat()
      return stat(path + log, &status) == 0 && status.st_size > 0
    }
  }

  /// Writes the backup's database under the temporary name, and proves it on the way.
  func write(_ backup: Backup, stop: StopSignal, _ onProgress: (BackupProgress) -> Void) throws {
    clearAbandoned()
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw BackupFolder.failure("create", temporary) }
    // Held as long as this process writes: nobody takes the file for abandoned.
    flock(descriptor, LOCK_EX | LOCK_NB)
    defer { close(descriptor) }
    do {
      let digest = try FileHash.read(backup.databasePath) { piece, done in
        try stop.check()
        onProgress(.hashing(bytes: done, of: backup.manifest.database.bytes))
        try write(piece, descriptor)
        FaultPoint.reach("restore-copying")
      }
      guard digest == backup.manifest.database.sha256 else {
        throw Failure(
          .badData, "the backup \(backup.path) is damaged: its database has another SHA-256 than when it was made",
          remedy: "use another backup (changeover backup check --all tells which are whole); nothing was changed")
      }
      try takePermissions(descriptor)
      guard fsync(descriptor) == 0 else { throw BackupFolder.failure("sync", temporary) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  func removeTemporary() { unlink(temporary) }

  /// Keeps what stood there, and puts the new file in its place.
  /// - Parameter isReadable: whether SQLite can read what stands there.
  func run(isReadable: Bool) throws {
    guard aside != nil, access(path, F_OK) == 0, isReadable else { return try replace() }
    // Alone with the file until it is replaced, its log brought home: nothing of it is in two files.
    let old = try Database(path: path, access: .readWrite)
    do {
      old.setBusyPatience(milliseconds: Self.patienceMilliseconds)
      try old.execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT")
      try old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    } catch {
      if error.isBusy {
        throw Failure(.tryAgain, "\(path) is in use", remedy: "stop the application first; nothing was changed")
      }
      throw error.failure(path: path)
    }
    try replace()
  }

  private func replace() throws {
    let directory = Self.directory(of: path)
    if let aside {
      removeEarlierNames()
      for part in try [""] + Self.companions(of: path) where access(path + part, F_OK) == 0 {
        guard link(path + part, aside + part) == 0 else { throw BackupFolder.failure("keep", path + part) }
      }
      try BackupFolder.sync(directory)
      FaultPoint.reach("restore-kept")
    }
    // The log of the old file would be read into the new one.
    for part in Self.logs + ["-shm"] where unlink(path + part) != 0 && errno != ENOENT {
      throw BackupFolder.failure("remove", path + part)
    }
    FaultPoint.reach("restore-logs-gone")
    guard rename(temporary, path) == 0 else { throw BackupFolder.failure("replace", path) }
    try BackupFolder.sync(directory)
  }

  private func write(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32) throws(Failure) {
    var rest = bytes
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw BackupFolder.failure("write", temporary) }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// The application must be able to use the file as it did the old one.
  private func takePermissions(_ descriptor: Int32) throws(Failure) {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    var own = stat()
    let isSameOwner = fstat(descriptor, &own) == 0 && own.st_uid == status.st_uid && own.st_gid == status.st_gid
    guard isSameOwner || fchown(descriptor, status.st_uid, status.st_gid) == 0,
      fchmod(descriptor, status.st_mode & 0o7777) == 0
    else { throw BackupFolder.failure("give \(temporary) the owner of", path) }
  }

  /// A restore that died after it had kept the file left a second name of it.
  private func removeEarlierNames() {
    var file = stat()
    guard stat(path, &file) == 0, file.st_nlink > 1 else { return }
    forEachSibling(of: ".before-restore-") { name in
      var other = stat()
      if stat(name, &other) == 0, other.st_dev == file.st_dev, other.st_ino == file.st_ino { unlink(name) }
    }
  }

  private func clearAbandoned() {
    forEachSibling(of: Self.temporaryMark) { name in
      let descriptor = open(name, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(name) }
      close(descriptor)
    }
  }

  private func forEachSibling(of mark: String, _ body: (String) -> Void) {
    let directory = Self.directory(of: path)
    let base = path.split(separator: "/").last.map(String.init) ?? path
    for name in (try? BackupFolder.names(in: directory)) ?? [] where name.hasPrefix(base + mark) {
      body(directory + "/" + name)
    }
  }
}
