import Glibc
import TestSupport

/// A psql whose transaction stays open until the test says otherwise.
final class OpenSession {
  let process: ChildProcess
  private let descriptor: Int32

  fileprivate init(process: ChildProcess, descriptor: Int32) {
    self.process = process
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  func say(_ text: String) throws {
    let bytes = Array((text + "\n").utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw Files.Failed(path: "psql", code: errno) }
  }
}

extension Scenario {
  /// Begins a transaction with some statements, which have run when this returns.
  func startSession(_ statements: String, isolation: String = "READ COMMITTED") throws -> OpenSession {
    let pipe = "\(directory)/session-\(UInt32.random(in: 0 ... .max))"
    guard mkfifo(pipe, 0o600) == 0 else { throw Files.Failed(path: pipe, code: errno) }
    // For reading too, so that opening does not wait for the other end.
    let descriptor = open(pipe, O_RDWR | O_CLOEXEC)
    let psql = server.programs.map { $0 + "/psql" } ?? "psql"
    let process = try spawn(
      ["sh", "-c", "exec stdbuf -oL \(psql) -XqAt -d '\(server.url(database: database))' < '\(pipe)'"])
    let session = OpenSession(process: process, descriptor: descriptor)
    try session.say("BEGIN ISOLATION LEVEL \(isolation);\n\(statements)\n\\echo begun")
    try process.waitUntilSays("begun")
    return session
  }
}
