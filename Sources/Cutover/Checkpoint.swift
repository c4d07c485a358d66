import Model

/// A named step of a cutover, with what came of it.
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

/// What a cutover came to.
package struct CutoverReport: Sendable {
  /// Whether the target is the authority now, by this run or an earlier one.
  package var switched = false
  /// True when an earlier run had switched.
  package var wasSwitchedBefore = false
  /// Milliseconds that writers waited; nil where no pause began.
  package var pauseMilliseconds: Double?
  /// Milliseconds from the decision until the switch hook returned (or the target was open, without a hook).
  package var refusedMilliseconds: Double?
  package var checkpoints: [Checkpoint] = []

  package init() {}

  /// Whether no checkpoint failed: before the pause, everything speaks for the switch; after it, nothing is left to do.
  package var isGo: Bool { checkpoints.allSatisfy(\.ok) }

  package var json: JSON {
    func number(_ value: Double?) -> JSON { value.map { .number(($0 * 1_000).rounded() / 1_000) } ?? .null }
    return .object([
      ("switched", .bool(switched)), ("pause_ms", number(pauseMilliseconds)),
      ("refused_ms", number(refusedMilliseconds)), ("checkpoints", .array(checkpoints.map(\.json))),
    ])
  }
}
