import Glibc
import Model

/// Waits until somebody commits to the source: inotify on its directory, because the file may be replaced and the log
/// beside it comes and goes; a second's sleep at most, where inotify cannot work.
package struct SourceWatcher: ~Copyable {
  private let descriptor: Int32
  private let names: Set<String>
  private let path: String
  private let identity: FileIdentity?

  package init(path: String) {
    // SQLite keeps its logs beside the file itself, not beside a link to it.
    let file = Self.withoutLinks(path)
    let directory = Self.directory(of: file)
    let base = String(file.split(separator: "/").last ?? "")
    self.path = path
    names = [base, base + "-wal", base + "-journal"]
    identity = FileIdentity(path: path)
    descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    if descriptor >= 0 {
      inotify_add_watch(
        descriptor, directory, UInt32(IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM))
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Returns after a write beside the source, after `milliseconds`, or when asked to stop; true for a write.
  @discardableResult
  package func wait(milliseconds: Int, stop: StopSignal) -> Bool {
    var descriptors = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: stop.fileDescriptor, events: Int16(POLLIN), revents: 0),
    ]
    let deadline = ContinuousClock.now + .milliseconds(milliseconds)
    while !stop.isRequested {
      let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
      if left <= 0 { return false }
      let ready = poll(&descriptors, 2, Int32(left.rounded(.up)))
      if ready <= 0 || descriptors[1].revents != 0 { return false }
      if drainFindsSource() { return true }
    }
    return false
  }

  /// Empties the queue; true when an event names the source or one of its logs.
  private func drainFindsSource() -> Bool {
    var found = false
    let capacity = 16 << 10
    withUnsafeTemporaryAllocation(byteCount: capacity, alignment: MemoryLayout<inotify_event>.alignment) { buffer in
      while true {
        let count = read(descriptor, buffer.baseAddress, capacity)
        if count <= 0 { return }
        var at = 0
        while at + MemoryLayout<inotify_event>.size <= count {
          let event = buffer.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
          let nameStart = at + MemoryLayout<inotify_event>.size
          let nameBytes = buffer[nameStart..<min(nameStart + Int(event.len), count)].prefix { $0 != 0 }
          if event.len == 0 || names.contains(String(decoding: nameBytes, as: UTF8.self)) { found = true }
          at = nameStart + Int(event.len)
        }
      }
    }
    return found
  }

  /// Throws where the path no longer leads to the file that was there at the start.
  package func checkIdentity() throws(Failure) {
    guard let now = FileIdentity(path: path) else { throw SourceHistoryError.missing(path: path).failure }
    if now != identity { throw SourceHistoryError.replaced(path: path).failure }
  }

  private static func withoutLinks(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

/// Device and inode: which file a path leads to. Read by `stat`, never by opening the database file.
private struct FileIdentity: Equatable {
  let device: UInt
  let inode: UInt

  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }
}
