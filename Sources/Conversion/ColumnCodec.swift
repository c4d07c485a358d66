import Model
import Schema

/// How the values of one column go to the target and come back: decided once for the column, not for every value.
package struct ColumnCodec: Sendable {
  @usableFromInline let type: TargetType
  package let reading: Reading

  /// - Throws: `Failure` where the reading names a zone or a pattern that there is not.
  package init(_ type: TargetType, _ reading: Reading = Reading()) throws(Failure) {
    self.type = type
    self.reading = reading
  }

  package init(_ column: ColumnPlan) throws(Failure) { try self.init(column.type, column.reading) }
}
