import Model

/// A row that was found to differ, before anybody has looked at its columns.
struct Found: Sendable {
  var kind: Difference.Kind
  /// The source's key, or the target's as text where the source has no such value.
  var key: [Value]
  var isKeyOfTarget = false
  /// The key's fields on the target, where it was found there.
  var fields: [[UInt8]]?
}
