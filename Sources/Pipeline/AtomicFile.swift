import Glibc
import Model

/// Small files that are there whole or not at all.
package enum AtomicFile {
  /// Writes to a temporary name and renames. Durable: synced, and the directory too.
  package static func write(_ bytes: [UInt8], to path: String, durable: Bool) throws(Failure) {
    let temporary = path + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(path) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return try giveUp(descriptor, temporary, path) }
      written += count
    }
    if durable, fsync(descriptor) != 0 { return try giveUp(descriptor, temporary, path) }
    guard close(descriptor) == 0, rename(temporary, path) == 0 else {
      let failure = failure(path)
      unlink(temporary)
      throw failure
    }
    if durable { syncDirectory(of: path) }
  }

  /// The file's bytes; nil where it cannot be read.
  package static func read(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      if count < 0 { return nil }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  /// Removes a file that may not be there.
  static func remove(_ path: String) { unlink(path) }

  private static func giveUp(_ descriptor: Int32, _ temporary: String, _ path: String) throws(Failure) {
    let failure = failure(path)
    close(descriptor)
    unlink(temporary)
    throw failure
  }

  private static func failure(_ path: String) -> Failure {
    let remedy =
      errno == ENOSPC || errno == EDQUOT
      ? "free some space on that disk, or name another directory with --state"
      : "give this user write permission there, or name another directory with --state"
    return Failure(.configuration, "cannot write \(path): \(String(cString: strerror(errno)))", remedy: remedy)
  }

  private static func syncDirectory(of path: String) {
    guard let slash = path.lastIndex(of: "/") else { return }
    let descriptor = open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
