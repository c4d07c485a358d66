import Glibc

/// A program in a process of its own, spoken to in lines. Killed with the value, if it still runs.
package final class Child {
  private static let patienceMilliseconds: Int32 = 30_000

  package let id: pid_t
  private let socket: Int32
  private var unread: [UInt8] = []
  private var status: Int32?

  package init(_ program: String, _ arguments: [String]) throws {
    var ends: [Int32] = [0, 0]
    // A socket, not pipes: a write to a child that is gone then raises no signal.
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw SystemFailure("make a socket", errno)
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    // Threads of Swift's pool block signals, and a child inherits what its thread blocks.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, program, &actions, &attributes, &words, environ)
    close(ends[1])
    guard code == 0 else {
      close(ends[0])
      throw SystemFailure("start \(program)", code)
    }
    id = child
    socket = ends[0]
  }

  deinit {
    if status == nil { kill() }
    close(socket)
  }

  package func send(_ line: String) throws {
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw SystemFailure("write to the child", errno) }
      bytes = bytes.dropFirst(count)
    }
  }

  /// The next line of its output; nil at the end.
  package func line() throws -> String? {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        defer { unread.removeFirst(end + 1) }
        return String(decoding: unread[..<end], as: UTF8.self)
      }
      var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      guard poll(&entry, 1, Self.patienceMilliseconds) > 0 else { throw SystemFailure("wait for the child", errno) }
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(socket, &chunk, chunk.count)
      guard count > 0 else { return nil }
      unread += chunk[..<count]
    }
  }

  /// Tells the child that nothing more comes.
  package func closeInput() { shutdown(socket, Int32(SHUT_WR)) }

  package func kill() {
    guard status == nil else { return }
    Glibc.kill(id, SIGKILL)
    wait()
  }

  /// Its exit status, or 128 and the signal that ended it.
  @discardableResult package func wait() -> Int32 {
    if let status { return status }
    var raw: Int32 = 0
    while waitpid(id, &raw, 0) < 0, errno == EINTR {}
    let ended = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + raw & 0x7F
    status = ended
    return ended
  }
}
