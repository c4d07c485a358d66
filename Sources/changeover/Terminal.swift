import Glibc
import Model

/// Where people read: standard output for results, standard error for what goes on meanwhile.
enum Terminal {
  static let isInteractive = isatty(2) == 1
  static let outputIsInteractive = isatty(1) == 1

  /// One line on standard output.
  static func print(_ line: String) { write(line + "\n", to: 1) }

  /// One line on standard error.
  static func note(_ line: String) { write(line + "\n", to: 2) }

  static func complain(_ failure: Failure) { note("changeover: error: \(failure.description)") }

  static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Columns of the terminal on standard error.
  static var width: Int { width(of: 2) }

  /// Columns of the terminal on standard output.
  static var outputWidth: Int { width(of: 1) }

  private static func width(of descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Green or red on a terminal, plain elsewhere.
  static func mark(_ ok: Bool) -> String {
    guard outputIsInteractive else { return ok ? "ok  " : "FAIL" }
    return ok ? "\u{1B}[32mok  \u{1B}[0m" : "\u{1B}[31mFAIL\u{1B}[0m"
  }
}
