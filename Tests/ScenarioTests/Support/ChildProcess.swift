import Glibc
import TestSupport

/// A program started by a test, its output in files; killed at the latest with its scenario.
final class ChildProcess {
  struct CannotStart: Error { let program: String, code: Int32 }
  struct StillRunning: Error, CustomStringConvertible {
    let what: String, seconds: Double, output: String
    var description: String { "\(what) still runs after \(seconds) s; it said:\n\(output)" }
  }

  let processID: pid_t
  private let what: String
  private let outputPath: String
  private let errorPath: String
  /// The exit code, or the negative number of the signal that ended it; nil while it runs.
  private var ending: Int32?

  /// - Parameter outputs: path that the two files of output begin with.
  init(_ command: [String], environment: [String: String], input: String? = nil, outputs: String) throws {
    what = command.joined(separator: " ")
    outputPath = outputs + ".out"
    errorPath = outputs + ".err"
    var inputPath = "/dev/null"
    if let input {
      inputPath = outputs + ".in"
      try Files.write(Array(input.utf8), to: inputPath)
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let writing = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, inputPath, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, writing, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, writing, 0o644)
    // The test runner may have been started with signals ignored or blocked.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGPIPE, SIGQUIT] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let arguments = command.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process = pid_t()
    let code = posix_spawnp(&process, command[0], &actions, &attributes, arguments, variables)
    guard code == 0 else { throw CannotStart(program: command[0], code: code) }
    processID = process
  }

  deinit { kill() }

  var output: String { Files.text(outputPath) }
  var errors: String { Files.text(errorPath) }
  var everythingSaid: String { output + errors }

  var status: Int32? {
    if let ending { return ending }
    var code: Int32 = 0
    guard waitpid(processID, &code, WNOHANG) == processID else { return nil }
    let signal = code & 0x7F
    ending = signal == 0 ? (code >> 8) & 0xFF : -signal
    return ending
  }

  var isRunning: Bool { status == nil }

  /// Whether it has a handler for the signal yet.
  func catches(_ signal: Int32) -> Bool {
    let caught = Files.text("/proc/\(processID)/status").after("SigCgt:")?.trimmed.prefix(16) ?? ""
    return (UInt64(caught, radix: 16) ?? 0) & (1 << (signal - 1)) != 0
  }

  func send(_ signal: Int32) { if isRunning { Glibc.kill(processID, signal) } }

  /// kill −9, and gone.
  func kill() {
    guard isRunning else { return }
    Glibc.kill(processID, SIGKILL)
    var code: Int32 = 0
    waitpid(processID, &code, 0)
    ending = -SIGKILL
  }

  /// Waits for the end; returns the exit code, negative for a signal.
  @discardableResult
  func wait(seconds: Double = 30) throws -> Int32 {
    guard Waiting.reached(seconds: seconds, { status != nil }), let status else {
      throw StillRunning(what: what, seconds: seconds, output: everythingSaid)
    }
    return status
  }

  /// SIGTERM, and the end within `seconds`.
  @discardableResult
  func stop(seconds: Double = 10) throws -> Int32 {
    send(SIGTERM)
    return try wait(seconds: seconds)
  }

  /// Waits until the output or the errors contain a text; throws when it ends before that.
  func waitUntilSays(_ text: String, times: Int = 1, seconds: Double = 30) throws {
    try Waiting.until("\(what) says '\(text)'", seconds: seconds, details: { self.everythingSaid }) {
      let running = isRunning
      if everythingSaid.components(around: text) > times { return true }
      if !running { throw StillRunning(what: "(ended early) " + what, seconds: 0, output: everythingSaid) }
      return false
    }
  }
}

extension String {
  /// How many parts a separator cuts the text into.
  func components(around separator: String) -> Int {
    let text = Array(utf8)
    let wanted = Array(separator.utf8)
    var parts = 1
    var at = 0
    while at + wanted.count <= text.count {
      if text[at] == wanted[0], text[at..<(at + wanted.count)].elementsEqual(wanted) {
        parts += 1
        at += wanted.count
      } else {
        at += 1
      }
    }
    return parts
  }
}
