import Model

/// What the source itself holds of the switches: which store it takes for the authority, and which switch made it so.
package struct SourceMark: Sendable, Hashable {
  /// `switched` once a switch closed the source, `syncing` before and after, `finished` at the end. Nil where a version
  /// that did not write it down prepared the file.
  package var phase: Phase?
  /// The switch that closed the source; nil while it is open.
  package var fence: RandomID?
  /// The way back that opened it again; the last one, where there were several.
  package var wayBack: RandomID?
  /// The switch that was given up together with its target.
  package var abandoned: RandomID?

  package init(
    phase: Phase? = nil, fence: RandomID? = nil, wayBack: RandomID? = nil, abandoned: RandomID? = nil
  ) {
    self.phase = phase
    self.fence = fence
    self.wayBack = wayBack
    self.abandoned = abandoned
  }

  init(_ settings: [String: Value]) {
    func text(_ name: String) -> String? {
      guard case .text(let bytes)? = settings[name] else { return nil }
      return String(decoding: bytes, as: UTF8.self)
    }
    self.init(
      phase: text("phase").flatMap(Phase.init(rawValue:)), fence: text("switch_id").flatMap { RandomID($0) },
      wayBack: text("way_back_id").flatMap { RandomID($0) }, abandoned: text("abandoned_id").flatMap { RandomID($0) })
  }

  /// Whether phase and fence say the same; where not, something else wrote there.
  package var isConsistent: Bool {
    switch phase {
    case nil, .finished: true
    case .syncing: fence == nil
    case .switched: fence != nil
    case .preparing, .switching, .switchingBack: false
    }
  }
}
