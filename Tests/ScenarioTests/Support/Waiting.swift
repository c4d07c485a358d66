import Glibc

/// Waits for conditions, never for time.
enum Waiting {
  struct TimedOut: Error, CustomStringConvertible {
    let what: String, seconds: Double, details: String
    var description: String { "not within \(seconds) s: \(what)\n\(details)" }
  }

  /// Whether the condition held before the deadline.
  static func reached(seconds: Double, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
      if try condition() { return true }
      if ContinuousClock.now > deadline { return false }
      usleep(10_000)
    }
  }

  /// Throws where the condition does not hold before the deadline.
  static func until(
    _ what: String, seconds: Double = 30, details: () -> String = { "" }, _ condition: () throws -> Bool
  ) throws {
    guard try reached(seconds: seconds, condition) else {
      throw TimedOut(what: what, seconds: seconds, details: details())
    }
  }
}
