import Conversion
import Model
import Schema

/// Reads the target's values for people: as the source would commonly write them.
package struct FieldReader {
  private let columns: [String: (codec: ColumnCodec, spellings: [Spelling])]

  package init(_ plan: TablePlan) {
    var columns: [String: (codec: ColumnCodec, spellings: [Spelling])] = [:]
    for column in plan.columns {
      guard let codec = try? ColumnCodec(column) else { continue }
      let order = SpellingOrder(column.type, column.reading, affinity: .text, habit: Habit())
      columns[column.sourceName] = (codec, order.whole + order.fractional + [.integer, .real, .text])
    }
    self.columns = columns
  }

  /// The value of a column by its name in the source; nil where the bytes are all that can be shown.
  package func value(_ field: UnsafeRawBufferPointer, of column: String) -> Value? {
    guard let known = columns[column] else { return nil }
    for spelling in known.spellings {
      if let value = Conversion.decode(field, as: known.codec, spelling: spelling) { return value }
    }
    return nil
  }
}
