import Glibc

/// poll(2) for descriptors to read from.
enum Poll {
  /// Returns when one is readable, or after `milliseconds`.
  static func wait(for descriptors: [Int32], milliseconds: Int32) {
    var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    _ = poll(&entries, nfds_t(entries.count), milliseconds)
  }
}
