import Conversion
import Model
import Schema

/// How the application writes a column's values: the spellings seen, the commonest first.
///
/// Apart for values with and without a fraction, since many write '10:00:00' beside '10:00:00.250', or 5 beside 5.5.
package struct Habit: Sendable, Hashable, Codable {
  package var whole: [Spelling]
  package var fractional: [Spelling]

  package init(whole: [Spelling] = [], fractional: [Spelling] = []) {
    self.whole = whole
    self.fractional = fractional
  }

  package var isEmpty: Bool { whole.isEmpty && fractional.isEmpty }

  func spellings(isWhole: Bool) -> [Spelling] { isWhole ? whole + fractional : fractional + whole }
}

/// Counts spellings until the habit shows.
struct HabitTally {
  /// Rarer ones do not matter.
  private static let kept = 4
  /// Offsets of fractions of a second, say, can be many.
  private static let different = 256

  private var whole: [Spelling: Int] = [:]
  private var fractional: [Spelling: Int] = [:]
  private(set) var isEmpty = true

  mutating func note(_ spelling: Spelling, isWhole: Bool) {
    isEmpty = false
    if isWhole { Self.note(spelling, in: &whole) } else { Self.note(spelling, in: &fractional) }
  }

  private static func note(_ spelling: Spelling, in counts: inout [Spelling: Int]) {
    guard counts.count < different || counts[spelling] != nil else { return }
    counts[spelling, default: 0] += 1
  }

  var habit: Habit { Habit(whole: Self.commonest(of: whole), fractional: Self.commonest(of: fractional)) }

  private static func commonest(of counts: [Spelling: Int]) -> [Spelling] {
    counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.prefix(kept).map(\.key)
  }
}
