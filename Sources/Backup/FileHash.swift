import Glibc
import Model

/// Reads a file from end to end.
enum FileHash {
  private static let bytesAtOnce = 1 << 20

  /// Calls `body` with piece after piece; returns the SHA-256 of all.
  @discardableResult
  static func read(
    _ path: String, _ body: (_ piece: UnsafeRawBufferPointer, _ done: Int64) throws -> Void
  ) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw BackupFolder.failure("read", path) }
    defer { close(descriptor) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytesAtOnce, alignment: 4096)
    defer { buffer.deallocate() }
    var hash = SHA256()
    var done: Int64 = 0
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw BackupFolder.failure("read", path) }
      if count == 0 { return hash.finish() }
      let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      hash.update(piece)
      done += Int64(count)
      try body(piece, done)
    }
  }
}
