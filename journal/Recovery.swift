import Model

/// Where a journal stands after what a crash left was cleared away.
package struct Recovery: Sendable, Equatable {
  /// The header of the last part of the last complete group; nil when the journal is empty.
  package let last: BatchHeader?
  /// Files removed: temporary ones, and parts of a group whose end is missing.
  package internal(set) var removed: [String] = []
  /// Files of a damaged last group, renamed to end in `.torn`.
  package internal(set) var setAside: [String] = []

  /// The position of the last complete group; nil when the journal is empty.
  package var position: Position? { last?.position }
}
