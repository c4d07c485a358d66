import Glibc
import Model

extension Instant {
  /// The time in UTC as RFC 3339 has it, to the microsecond; the plain number where the calendar ends.
  package var text: String {
    let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    var seconds = time_t(remainder < 0 ? quotient - 1 : quotient)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "\(microseconds) µs" }
    func digits(_ value: Int, _ width: Int = 2) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    let date = "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(Int(parts.tm_mon) + 1))-\(digits(Int(parts.tm_mday)))"
    let time = "\(digits(Int(parts.tm_hour))):\(digits(Int(parts.tm_min))):\(digits(Int(parts.tm_sec)))"
    return "\(date)T\(time).\(digits(Int(remainder < 0 ? remainder + 1_000_000 : remainder), 6))Z"
  }
}
