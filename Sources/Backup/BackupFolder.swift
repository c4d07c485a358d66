import Glibc
import Model

/// A backup's folder while it is written: under a name that nobody takes for a backup, locked as long as its writer lives.
struct BackupFolder: ~Copyable {
  private static let unfinished = ".unfinished"

  /// Where the files are written.
  let path: String
  private let directory: String
  private let name: String
  private let lock: Int32

  /// Creates the folder, and clears away those that died before they were finished.
  init(named name: String, in directory: String) throws(Failure) {
    try Self.create(directory)
    Self.clear(directory)
    let path = directory + "/" + name + Self.unfinished
    guard mkdir(path, 0o700) == 0 else { throw Self.failure("create", path) }
    lock = try Self.locking(path)
    self.path = path
    self.directory = directory
    self.name = name
  }

  private static func locking(_ path: String) throws(Failure) -> Int32 {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
    let failure = failure("lock", path)
    if descriptor >= 0 { close(descriptor) }
    rmdir(path)
    throw failure
  }

  deinit { close(lock) }

  /// Gives the folder its name: from here on it is a backup, and stays one in a power cut.
  borrowing func finish() throws(Failure) -> String {
    let final = directory + "/" + name
    try Self.sync(path)
    guard rename(path, final) == 0 else { throw Self.failure("rename", path) }
    try Self.sync(directory)
    return final
  }

  /// Removes the folder and what is in it.
  borrowing func remove() { Self.remove(path) }

  /// Whether a folder of this name was finished.
  static func isFinished(_ name: String) -> Bool { !name.hasSuffix(unfinished) }

  /// Makes a file, or the entries of a directory, survive a power cut.
  static func sync(_ path: String) throws(Failure) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, fsync(descriptor) == 0 else { throw failure("sync", path) }
  }

  /// Bytes that can still be written where `path` is.
  static func freeBytes(at path: String) -> UInt64? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return UInt64(status.f_bavail) * UInt64(status.f_frsize)
  }

  /// The entries of a directory; none where there is no such directory.
  static func names(in directory: String) throws(Failure) -> [String] {
    guard let stream = opendir(directory) else {
      if errno == ENOENT { return [] }
      throw failure("read", directory)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  static func failure(_ operation: String, _ path: String) -> Failure {
    let code = errno
    return Failure(
      .configuration, "cannot \(operation) \(path): \(String(cString: strerror(code)))",
      remedy: code == ENOSPC || code == EDQUOT
        ? "free some space on that disk, or name another directory"
        : "give this user write permission there, or name another directory")
  }

  private static func create(_ directory: String) throws(Failure) {
    if mkdir(directory, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = directory.lastIndex(of: "/"), slash != directory.startIndex else {
      throw failure("create", directory)
    }
    try create(String(directory[..<slash]))
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw failure("create", directory) }
  }

  /// Whoever still writes holds the lock. What cannot be removed is no harm: nobody takes it for a backup.
  private static func clear(_ directory: String) {
    for name in (try? names(in: directory)) ?? [] where !isFinished(name) {
      let path = directory + "/" + name
      let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { remove(path) }
    }
  }

  private static func remove(_ path: String) {
    for name in (try? names(in: path)) ?? [] { unlink(path + "/" + name) }
    rmdir(path)
  }
}
