/// A change's number in the source: 1, 2, 3 … without a gap.
package struct ChangeNumber: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  package let rawValue: Int64
  package init(_ rawValue: Int64) { self.rawValue = rawValue }
  package static func < (a: ChangeNumber, b: ChangeNumber) -> Bool { a.rawValue < b.rawValue }
  package var description: String { String(rawValue) }
}

/// A group's number: groups of one source are numbered 1, 2, 3 … in both directions together.
package struct GroupNumber: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  package let rawValue: Int64
  package init(_ rawValue: Int64) { self.rawValue = rawValue }
  package static func < (a: GroupNumber, b: GroupNumber) -> Bool { a.rawValue < b.rawValue }
  package var next: GroupNumber { GroupNumber(rawValue + 1) }
  package var description: String { String(rawValue) }
}

/// The last group captured, journaled or applied, with its last change.
package struct Position: Sendable, Hashable, Codable {
  package var group: GroupNumber
  package var sequence: ChangeNumber
  /// The nonce of the change at `sequence`: tells this history from another that reused the same numbers.
  package var nonce: Int64

  package init(group: GroupNumber, sequence: ChangeNumber, nonce: Int64) {
    self.group = group
    self.sequence = sequence
    self.nonce = nonce
  }
}

/// A point in time: microseconds since 1970-01-01 UTC.
package struct Instant: Sendable, Hashable, Comparable, Codable {
  package let microseconds: Int64
  package init(microseconds: Int64) { self.microseconds = microseconds }
  package static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }
  /// Seconds from `other` to this; negative when `other` is later.
  package func seconds(since other: Instant) -> Double { Double(microseconds - other.microseconds) / 1_000_000 }
}
