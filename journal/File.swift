import Glibc

/// An open file of the journal. Errors carry operation and path.
struct File: ~Copyable {
  private let descriptor: Descriptor
  private let path: String

  /// Opens a regular file for reading.
  init(reading path: String) throws(JournalError) {
    // Non-blocking, so that a pipe in the place of a file does not hang the reader.
    try self.init(opening: path, O_RDONLY | O_NONBLOCK, "open")
  }

  /// Creates a file that only its owner may read: it holds the application's rows.
  init(creating path: String) throws(JournalError) {
    try self.init(opening: path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, "create")
  }

  private init(opening path: String, _ flags: Int32, _ operation: String) throws(JournalError) {
    descriptor = Descriptor(try File.retrying(operation, path) { open(path, flags | O_CLOEXEC, 0o600) })
    self.path = path
  }

  /// Reads some bytes; 0 at the end.
  borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(JournalError) -> Int {
    try Self.retrying("read", path) { Glibc.read(descriptor.number, buffer.baseAddress, buffer.count) }
  }

  /// Writes all bytes.
  borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(JournalError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let count = try Self.retrying("write", path) { Glibc.write(descriptor.number, piece.baseAddress, piece.count) }
      rest = rest.dropFirst(count)
    }
  }

  /// Waits until the bytes are on the disk.
  borrowing func sync() throws(JournalError) {
    _ = try Self.retrying("sync", path) { fsync(descriptor.number) }
  }

  /// Closes the file and tells what only then comes out, as on a network file system.
  consuming func close() throws(JournalError) {
    let path = path
    let code = descriptor.close()
    if code != 0 { throw .system(operation: "close", path: path, code: code) }
  }

  /// The header of the batch file just opened, and the file's length, which it agrees with.
  borrowing func header() throws(JournalError) -> (BatchHeader, fileLength: Int) {
    var info = stat()
    _ = try Self.retrying("inspect", path) { fstat(descriptor.number, &info) }
    guard info.st_mode & S_IFMT == S_IFREG else { throw .invalid(file: path, flaw: .truncatedHeader, offset: 0) }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: BatchHeader.byteCount, alignment: 16)
    defer { bytes.deallocate() }
    var filled = 0
    while filled < bytes.count {
      let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]))
      if count == 0 { break }
      filled += count
    }
    let length = Int(info.st_size)
    let header = try BatchHeader(
      UnsafeRawBufferPointer(rebasing: bytes[..<filled]), fileLength: length, file: path)
    return (header, length)
  }

  /// Repeats a system call that a signal interrupts; throws what it fails with otherwise.
  static func retrying<I: SignedInteger>(
    _ operation: String, _ path: String, _ call: () -> I
  ) throws(JournalError) -> I {
    while true {
      let result = call()
      if result != -1 { return result }
      let code = errno
      if code != EINTR { throw .system(operation: operation, path: path, code: code) }
    }
  }
}
