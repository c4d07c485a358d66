import Model

/// Where a journal stands after what a crash left was cleared away.
package struct Recovery: Sendable, Equatable {
  /// The header of the last part of the last complete group; nil when the journal is empty.
  package let last: BatchHeader?
  /// Files removed: temporary ones, and parts of a group whose end is missing.
  package internal(set) var removed: [String] = []
  /// Files of a damaged last group, renamed to end in `.torn`.
  package internal(set) var setAside: [String] = []

  /// The target's position, where it is ahead of the journal: groups up to it are lost here, and applied there.
  package internal(set) var ahead: Position?

  /// The position to capture from: that of the last complete group, or the target's where that is ahead; nil when the
  /// journal is empty.
  package var position: Position? { ahead ?? last?.position }
}
