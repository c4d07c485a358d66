import Glibc
import Model
import Pipeline

/// A shell command of the user's that a switch runs.
enum Hook {
  /// Which way the switch goes, as the command's environment tells it.
  enum Direction: String {
    case forward, back

    /// The command that goes this way.
    var command: String { self == .forward ? "cutover" : "rollback" }
  }

  /// Whether the command begins with a program that can be run, as far as its first word tells.
  static func state(of command: String?) -> Gates.HookState {
    guard let command else { return .none }
    // What the shell has to interpret first is left to the shell.
    guard let program = command.split(whereSeparator: \.isWhitespace).first.map(String.init) else {
      return .missing(command)
    }
    guard !program.contains(where: { "$`'\"\\(){}[]*?~=;&|<>#!".contains($0) }) else { return .runnable }
    let look = """
      case "$0" in */*) test -f "$0" && test -x "$0" ;; *) command -v -- "$0" >/dev/null ;; esac
      """
    let status = try? spawn(["sh", "-c", look, program], [:])
    return status == 0 ? .runnable : .missing(program)
  }

  /// Runs `sh -c command`; its output goes to standard error, because standard output is the report's. Returns its exit
  /// status, or 128 and the signal that ended it.
  static func run(_ command: String, _ direction: Direction) throws -> Int32 {
    try spawn(
      ["sh", "-c", command],
      [
        "CHANGEOVER_DIRECTION": direction.rawValue,
        "CHANGEOVER_AUTHORITY": direction == .forward ? "postgresql" : "sqlite",
      ])
  }

  private static func spawn(_ words: [String], _ variables: [String: String]) throws -> Int32 {
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { (word: String) in strdup(word) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    let added: [UnsafeMutablePointer<CChar>?] = variables.map { (name, value) in strdup("\(name)=\(value)") }
    defer { for variable in added { free(variable) } }
    let environment = inherited(without: variables.keys) + added + [nil]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, 2, 1)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // We ignore SIGPIPE; a shell's pipelines count on it.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var process = pid_t()
    let code = posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments, environment)
    guard code == 0 else {
      throw Failure(
        .internalError, "cannot run a shell: \(String(cString: strerror(code)))", remedy: "run the command by hand")
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }

  /// Our own environment, as it is: a variable's bytes need be no text.
  private static func inherited(without names: some Sequence<String>) -> [UnsafeMutablePointer<CChar>?] {
    let prefixes = names.map { $0 + "=" }
    var variables: [UnsafeMutablePointer<CChar>?] = []
    var next = environ
    while let entry = next.pointee {
      if !prefixes.contains(where: { strncmp(entry, $0, $0.utf8.count) == 0 }) { variables.append(entry) }
      next += 1
    }
    return variables
  }

  // MARK: Whether it ran: a command killed in between leaves that to the next run.

  /// Whether the switch hook ended well after this switch, or this way back.
  static func hasRun(after decision: String, _ state: StateDirectory) -> Bool {
    AtomicFile.read(state.hookPath).map { String(decoding: $0, as: UTF8.self) } == "\(decision)\n"
  }

  static func noteRun(after decision: String, _ state: StateDirectory) throws {
    try AtomicFile.write(Array("\(decision)\n".utf8), to: state.hookPath, durable: true)
  }
}
