import Glibc

/// A wait for a condition, with an end.
package enum Deadline {
  package struct Passed: Error, CustomStringConvertible {
    package let description: String
  }

  /// Asks until the answer is yes; throws after `seconds`.
  package static func wait(
    for what: String, seconds: Double = 20, until isTrue: () throws -> Bool
  ) throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while try !isTrue() {
      guard .now < end else { throw Passed(description: "waited \(seconds) s for \(what)") }
      usleep(200)
    }
  }
}
