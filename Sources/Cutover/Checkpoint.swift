import Model

/// A named step of a switch, with what came of it.
package struct Checkpoint: Sendable, Equatable {
  package let name: String
  package let ok: Bool
  package let detail: String
  package let milliseconds: Double

  package init(_ name: String, ok: Bool, detail: String, milliseconds: Double) {
    self.name = name
    self.ok = ok
    self.detail = detail
    self.milliseconds = milliseconds
  }

  package var json: JSON {
    .object([
      ("name", .string(name)), ("ok", .bool(ok)), ("detail", .string(detail)),
      ("ms", .number((milliseconds * 1_000).rounded() / 1_000)),
    ])
  }
}

/// What a switch came to, in either direction.
package struct SwitchReport: Sendable {
  /// Whether the store that was to become the authority is it now, by this run or an earlier one.
  package var switched = false
  /// True when an earlier run had switched.
  package var wasSwitchedBefore = false
  /// Whether the switch was made, and taken back because of what followed.
  package var wasTakenBack = false
  /// Milliseconds that writers waited; nil where no pause began.
  package var pauseMilliseconds: Double?
  /// Milliseconds from the decision until the switch hook returned (or the other store was open, without a hook).
  package var refusedMilliseconds: Double?
  package var checkpoints: [Checkpoint] = []
  /// Where the steps were written down; nil for a dry run.
  package var log: String?

  package init() {}

  /// Whether no checkpoint failed: before the pause, everything speaks for the switch; after it, nothing is left to do.
  package var isGo: Bool { checkpoints.allSatisfy(\.ok) }

  package var json: JSON {
    func number(_ value: Double?) -> JSON { value.map { .number(($0 * 1_000).rounded() / 1_000) } ?? .null }
    return .object([
      ("switched", .bool(switched)), ("pause_ms", number(pauseMilliseconds)),
      ("refused_ms", number(refusedMilliseconds)), ("checkpoints", .array(checkpoints.map(\.json))),
      ("log", log.map { .string($0) } ?? .null),
    ])
  }
}
