import Glibc
import Synchronization

/// A named moment at which a test ends or halts the process. In release builds it is nothing.
///
/// The environment's CHANGEOVER_FAULT names the point: `name` kills the process there, `name#3` when it comes there for the
/// third time, `name:stop` stops it by SIGSTOP, `name:wait` waits there until the file that CHANGEOVER_FAULT_FILE names
/// exists. With the last two, a file of that name and `.reached` tells that the point was reached.
///
/// CrashMatrixTests looks for a test of every point.
package enum FaultPoint {
  @inlinable @inline(__always) package static func reach(_ name: StaticString) {
    #if DEBUG
      act(at: "\(name)")
    #endif
  }

  #if DEBUG
    @usableFromInline static func act(at name: String) {
      guard let wanted = variable("CHANGEOVER_FAULT"), wanted.hasPrefix(name) else { return }
      switch wanted.dropFirst(name.count) {
      case "": kill(getpid(), SIGKILL)
      case let rest where rest.first == "#":
        if visits.add(1, ordering: .relaxed).newValue == Int(rest.dropFirst()) { kill(getpid(), SIGKILL) }
      case ":stop":
        tellReached()
        kill(getpid(), SIGSTOP)
      case ":wait":
        tellReached()
        guard let file = variable("CHANGEOVER_FAULT_FILE") else { return }
        while access(file, F_OK) != 0 { usleep(1_000) }
      default: return
      }
    }

    private static let visits = Atomic(0)

    private static func tellReached() {
      guard let file = variable("CHANGEOVER_FAULT_FILE") else { return }
      close(open(file + ".reached", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
  #endif
}
