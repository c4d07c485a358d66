import Glibc
import TestSupport

/// A PostgreSQL server that scenarios run against.
struct Server {
  let host: String
  let port: String
  /// A superuser that needs no password over loopback.
  let user: String
  let programs: String?

  /// Where the variables of `scripts/with-postgres` lead; nil without DATABASE_URL.
  static let shared: Server? = {
    guard let url = Variables["DATABASE_URL"], let rest = url.after("://") else { return nil }
    let parts = rest.split(separator: "/")[0].split(separator: "@")
    let place = parts[parts.count - 1].split(separator: ":")
    let user = parts.count > 1 ? parts[0].split(separator: ":")[0] : "postgres"
    return Server(
      host: String(place[0]), port: place.count > 1 ? String(place[1]) : "5432", user: String(user),
      programs: Variables["CHANGEOVER_TEST_PGBIN"])
  }()

  func url(database: String, user: String? = nil, password: String? = nil, options: String = "") -> String {
    "postgresql://\(user ?? self.user)\(password.map { ":\($0)" } ?? "")@\(host):\(port)/\(database)\(options)"
  }

  /// What psql prints for a statement: unaligned rows, nothing else.
  @discardableResult
  func psql(_ sql: String, database: String = "postgres", url: String? = nil) throws -> String {
    let psql = try Program.run(
      [
        programs.map { $0 + "/psql" } ?? "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d",
        url ?? self.url(database: database),
      ],
      input: sql)
    guard psql.status == 0 else { throw Program.Failed(what: sql, result: psql) }
    return psql.output.trimmed
  }
}

/// The test process's environment.
enum Variables {
  static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// What every program is started with: nothing of the caller's that would lead it elsewhere.
  static var base: [String: String] {
    var base = ["SWIFT_BACKTRACE": "enable=no", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"]
    for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "CHANGEOVER_TEST_SAMPLE_ROWS"] { base[name] = self[name] }
    return base
  }
}

/// A program run to its end.
enum Program {
  struct Result {
    /// The exit code; the negative number of a signal.
    let status: Int32
    let output: String
    let errors: String
  }
  struct Failed: Error, CustomStringConvertible {
    let what: String
    let result: Result
    var description: String { "\(what)\nended with \(result.status):\n\(result.output)\(result.errors)" }
  }

  static func run(
    _ command: [String], environment: [String: String] = Variables.base, input: String? = nil, seconds: Double = 60
  ) throws -> Result {
    var template = Array("/tmp/changeover-program.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Files.Failed(path: "/tmp", code: errno) }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { Files.remove(directory) }
    let child = try ChildProcess(command, environment: environment, input: input, outputs: directory + "/run")
    let status = try child.wait(seconds: seconds)
    return Result(status: status, output: child.output, errors: child.errors)
  }

  /// A script of Tests/Support; its output. Throws where it fails.
  @discardableResult
  static func python(_ script: String, _ arguments: [String], input: String? = nil) throws -> String {
    let command = ["python3", "\(Files.checkout)/Tests/Support/\(script)"] + arguments
    let result = try run(command, input: input, seconds: 120)
    guard result.status == 0 else { throw Failed(what: command.joined(separator: " "), result: result) }
    return result.output
  }
}

extension String {
  var trimmed: String {
    var text = Substring(self)
    while text.last?.isWhitespace == true { text.removeLast() }
    while text.first?.isWhitespace == true { text.removeFirst() }
    return String(text)
  }

  /// What follows the first place where a text stands; nil where it does not.
  func after(_ text: String) -> String? {
    var at = startIndex
    while at < endIndex {
      if self[at...].hasPrefix(text) { return String(self[index(at, offsetBy: text.count)...]) }
      at = index(after: at)
    }
    return nil
  }
}
