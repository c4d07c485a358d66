import Model
import Schema

/// How the values of one column go to the target and come back: decided once for the column, not for every value.
@usableFromInline package struct ColumnCodec: Sendable {
  @usableFromInline let type: TargetType
  /// Whether text is written as it is: nothing to strip, no spelling to keep to.
  @usableFromInline let isPlain: Bool
  let numbers: Reading.Numbers?
  let nul: Reading.NUL
  let empty: Reading.Empty
  /// The only spelling that the column takes.
  let only: Spelling?
  let hasPattern: Bool
  /// Nil for what most columns have, so that a copy of the codec retains nothing.
  private let details: Details?

  /// What only the slow paths look at.
  private final class Details: Sendable {
    let reading: Reading
    let zone: Zone?
    let pattern: TimePattern?

    init(_ reading: Reading, zone: Zone?, pattern: TimePattern?) {
      self.reading = reading
      self.zone = zone
      self.pattern = pattern
    }
  }

  /// - Throws: `Failure` where the reading names a zone or a pattern that there is not.
  package init(_ type: TargetType, _ reading: Reading = Reading()) throws(Failure) {
    self.type = type
    isPlain = reading.spelling == nil && reading.nul != .strip
    numbers = reading.numbers
    nul = reading.nul
    empty = reading.empty
    only = reading.spelling
    var zone: Zone?
    if let name = reading.zone { zone = try Zone(name) }
    var pattern: TimePattern?
    if let format = reading.format, type.isTime {
      pattern = try TimePattern(format, for: type, hasZone: zone != nil)
    }
    hasPattern = pattern != nil
    details = reading == Reading() ? nil : Details(reading, zone: zone, pattern: pattern)
  }

  package init(_ column: ColumnPlan) throws(Failure) { try self.init(column.type, column.reading) }

  package var reading: Reading { details?.reading ?? Reading() }
  /// The zone of times that name none.
  var zone: Zone? { details?.zone }
  var pattern: TimePattern? { details?.pattern }
}
