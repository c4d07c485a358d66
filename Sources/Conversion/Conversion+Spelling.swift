import Model
import Schema

extension Conversion {
  /// How the value is written, if it fits; nil where it does not.
  package static func spelling(of value: ValueView, as codec: borrowing ColumnCodec) -> Spelling? { nil }
}
