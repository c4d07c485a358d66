/// The exit codes of the command line, after BSD's sysexits.
package enum ExitStatus: Int32, Sendable {
  case success = 0
  /// The check failed: lag over its limit, stores differ, NO-GO.
  case checkFailed = 1
  case usage = 64
  case badData = 65
  case unreachable = 69
  case internalError = 70
  /// Another changeover owns this source.
  case tryAgain = 75
  case configuration = 78
}

/// An error a person can act on: what was being done, to what, and what to do about it. Never holds row values.
package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
  package let status: ExitStatus
  /// What went wrong, operation and subject: "cannot open shop.db: no such file".
  package let message: String
  /// What to do: "check --source".
  package let remedy: String

  package init(_ status: ExitStatus, _ message: String, remedy: String) {
    self.status = status
    self.message = message
    self.remedy = remedy
  }

  package var description: String { remedy.isEmpty ? message : "\(message); \(remedy)" }
}

/// Work ended early because the process was asked to stop.
package struct Stopped: Error, Sendable {
  package init() {}
}
