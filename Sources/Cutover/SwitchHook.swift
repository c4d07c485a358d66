import Apply
import Glibc
import Model
import Postgres

/// The shell command that tells the application where to go.
enum SwitchHook {
  /// Whether the command's first word can be run; the shell's own words pass.
  static func state(of command: String?) -> Gates.HookState {
    guard let command else { return .none }
    guard let program = command.split(whereSeparator: \.isWhitespace).first.map(String.init), program.contains("/")
    else { return .runnable }
    return access(program, X_OK) == 0 ? .runnable : .missing(program)
  }

  /// Runs `sh -c command`; its output goes to ours. Returns its exit status, or 128 and the signal that ended it.
  static func run(_ command: String, database record: SourceRecord, target: ConnectionTarget) throws -> Int32 {
    var arguments: [UnsafeMutablePointer<CChar>?] = ["sh", "-c", command].map { (word: String) in strdup(word) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    // Standard output is the report's: what the hook prints goes to standard error.
    posix_spawn_file_actions_adddup2(&actions, 2, 1)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var process = pid_t()
    let code = posix_spawn(&process, "/bin/sh", &actions, nil, arguments, environ)
    guard code == 0 else {
      throw Failure(
        .internalError, "cannot run the switch hook: \(String(cString: strerror(code)))",
        remedy: "the switch is done: run the command by hand")
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
