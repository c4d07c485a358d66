import FoundationEssentials
import Glibc

/// A directory that goes with the test.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/changeover-test-XXXXXX".utf8CString)
    guard let name = mkdtemp(&template) else { throw SystemFailure("make a directory in \(parent)", errno) }
    path = String(cString: name)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// A call into the system that a test cannot go on without.
package struct SystemFailure: Error, CustomStringConvertible {
  package let description: String

  package init(_ operation: String, _ code: Int32) {
    description = "\(operation): \(String(cString: strerror(code)))"
  }
}
