import Model
import Postgres
import Schema

/// A key as a border between two chunks.
struct KeyBound: Sendable, Equatable {
  /// As the source stores it.
  var key: [Value]
  /// As the target stores it: the binary form of each column.
  var fields: [[UInt8]]
}

/// The keys above one border, up to another with it; nil for no border.
struct KeyRange: Sendable {
  var lower: KeyBound?
  var upper: KeyBound?
}
