/// Holds a run back to so many rows a second.
struct Pace: Sendable {
  private let rowsPerSecond: Double?
  private let start = ContinuousClock.now
  private var rows: Int64 = 0

  init(_ rowsPerSecond: Double?) { self.rowsPerSecond = rowsPerSecond }

  /// How many rows may be read before the next wait, so that no wait is much longer than a second.
  func portion(of rows: Int) -> Int {
    rowsPerSecond.map { min(rows, max(Int(min($0, 1e9)), 1)) } ?? rows
  }

  /// Milliseconds to wait after so many more rows.
  mutating func wait(after more: Int64, now: ContinuousClock.Instant = .now) -> Int {
    guard let rowsPerSecond, rowsPerSecond > 0 else { return 0 }
    rows += more
    let due = start + .seconds(Double(rows) / rowsPerSecond)
    return due > now ? Int((due - now) / .milliseconds(1)) : 0
  }
}
