import Glibc
import Model

/// What the directory is made of.
extension JournalDirectory {
  /// What a file is called until it is whole and on the disk.
  static let temporarySuffix = ".tmp"
  /// What is appended to the name of a damaged file of the last group.
  static let tornSuffix = ".torn"

  /// The names in the directory, sorted by what they are.
  struct Scan {
    var batches: [JournalFile] = []
    var temporaries: [String] = []
    var others: [String] = []
  }

  /// Reads the directory.
  func scan() throws(JournalError) -> Scan {
    let operation = "list the journal"
    let descriptor = try File.retrying(operation, path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard let directory = fdopendir(descriptor) else {
      let code = errno
      close(descriptor)
      throw .system(operation: operation, path: path, code: code)
    }
    defer { closedir(directory) }
    var scan = Scan()
    while true {
      errno = 0
      guard let entry = readdir(directory) else { break }
      let name = Self.name(of: entry)
      if let batch = BatchName(name) {
        if let file = try inspect(batch, in: dirfd(directory)) { scan.batches.append(file) }
      } else if name.hasSuffix(Self.temporarySuffix), BatchName(String(name.dropLast(4))) != nil {
        scan.temporaries.append(name)
      } else if name != ".", name != "..", !name.hasSuffix(BatchName.suffix + Self.tornSuffix) {
        scan.others.append(name)
      }
    }
    if errno != 0 { throw .system(operation: operation, path: path, code: errno) }
    scan.batches.sort { $0.name < $1.name }
    scan.temporaries.sort()
    scan.others.sort()
    return scan
  }

  func exists(_ name: BatchName) throws(JournalError) -> Bool {
    let file = path(of: name)
    if access(file, F_OK) == 0 { return true }
    if errno == ENOENT { return false }
    throw .system(operation: "look for", path: file, code: errno)
  }

  /// Removes a file that may be gone already.
  func remove(file name: String) throws(JournalError) {
    let file = "\(path)/\(name)"
    if unlink(file) != 0, errno != ENOENT { throw .system(operation: "remove", path: file, code: errno) }
  }

  /// Gives a whole file its name, and never takes the place of another: that would be a second writer's group.
  func publish(_ temporary: String, as name: BatchName) throws(JournalError) {
    let file = path(of: name)
    // A hard link refuses a name that is taken, where a rename replaces the file.
    if link("\(path)/\(temporary)", file) == 0 {
      FaultPoint.reach("batch-linked")
      // The batch is there; `recover` removes a temporary name that stays.
      try? remove(file: temporary)
      return
    }
    guard [EPERM, ENOTSUP, ENOSYS].contains(errno) else {
      throw .system(operation: "name", path: file, code: errno)
    }
    // A file system without hard links: the apply lock keeps others away between the two calls.
    if try exists(name) { throw .system(operation: "name", path: file, code: EEXIST) }
    try rename(temporary, to: name.description)
  }

  /// Renames a file within the directory, replacing another.
  func rename(_ old: String, to new: String) throws(JournalError) {
    if Glibc.rename("\(path)/\(old)", "\(path)/\(new)") != 0 {
      throw .system(operation: "rename", path: "\(path)/\(old)", code: errno)
    }
  }

  /// Waits until names added, changed and removed are on the disk.
  func sync() throws(JournalError) { try Self.sync(directory: path) }

  static func sync(directory path: String) throws(JournalError) {
    let descriptor = try File.retrying("open", path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    defer { close(descriptor) }
    _ = try File.retrying("sync", path) { fsync(descriptor) }
  }

  /// Size and time of a batch file; nil when it has just gone.
  private func inspect(_ name: BatchName, in directory: Int32) throws(JournalError) -> JournalFile? {
    var info = stat()
    guard fstatat(directory, name.description, &info, AT_SYMLINK_NOFOLLOW) == 0 else {
      if errno == ENOENT { return nil }
      throw .system(operation: "inspect", path: path(of: name), code: errno)
    }
    let seconds = Int64(info.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000_000).partialValue
    let writtenAt = Instant(microseconds: seconds &+ Int64(info.st_mtim.tv_nsec) / 1000)
    return JournalFile(name: name, size: Int64(info.st_size), writtenAt: writtenAt)
  }

  /// The name of an entry, which is shorter than the C structure says.
  private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
    guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return "" }
    let start = UnsafeRawPointer(entry).advanced(by: offset)
    return String(cString: start.assumingMemoryBound(to: CChar.self))
  }
}
