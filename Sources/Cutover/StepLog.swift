import Glibc
import Journal
import Model
import Synchronization

/// What a run did, step by step with the time of day, in a file of its own: for people who want to know afterwards.
///
/// Each line is written as it comes, and not synced: a process that is killed leaves what it had done, and nobody waits
/// for the disk.
final class StepLog: Sendable {
  let path: String
  private let descriptor: Int32
  private let clock: any WallClock

  /// Creates the file in the state directory.
  init(of command: String, state: String, clock: any WallClock) throws(Failure) {
    self.clock = clock
    let directory = state + "/log"
    if mkdir(directory, 0o700) != 0, errno != EEXIST { throw Self.failure(directory) }
    // No colons: the file may be carried to where they mean something.
    let time = clock.now.text.replacing(":", with: "").prefix(17)
    var path = "", opened: Int32 = -1, number = 1
    repeat {
      path = "\(directory)/\(command)-\(time)\(number == 1 ? "" : "-\(number)").log"
      opened = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
      number += 1
    } while opened < 0 && errno == EEXIST
    guard opened >= 0 else { throw Self.failure(path) }
    self.path = path
    descriptor = opened
  }

  deinit { close(descriptor) }

  func write(_ line: String) {
    // One call a line, so that lines stay whole. A full disk is no reason to stop a switch.
    let bytes = Array("\(clock.now.text)  \(line)\n".utf8)
    _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }

  func write(_ checkpoint: Checkpoint) {
    let milliseconds = (checkpoint.milliseconds * 10).rounded() / 10
    write("\(checkpoint.ok ? "ok  " : "FAIL")  \(checkpoint.name) (\(milliseconds) ms): \(checkpoint.detail)")
  }

  private static func failure(_ path: String) -> Failure {
    Failure(
      .configuration, "cannot write \(path): \(String(cString: strerror(errno)))",
      remedy: "give this user write permission on the state directory, and see that its disk is not full")
  }
}
