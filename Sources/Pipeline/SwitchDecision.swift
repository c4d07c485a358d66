import Apply
import Capture
import Model

/// What follows from what the two stores say of a switch: a pure table over both.
///
/// Both directions have one shape. The store that is written last decides, and that is the source: a switch puts its
/// fence there, a way back takes it away and leaves its own id. Before that the target said that one had begun.
package enum SwitchDecision: Sendable, Hashable {
  /// Both stores say the same: nothing is to be done.
  case agreed
  /// The switch had decided: the target is to be opened.
  case completeSwitch(RandomID)
  /// The switch had not decided: the target is to follow again.
  case undoSwitch(RandomID)
  /// The way back had decided: the target is to follow again.
  case completeWayBack(RandomID, of: RandomID)
  /// The way back had not decided: the target is to be opened again.
  case undoWayBack(RandomID, of: RandomID)
  /// They contradict each other: nothing is to be changed.
  case refuse(Contradiction)

  /// How two stores can contradict each other.
  package enum Contradiction: Sendable, Hashable {
    /// The target is the authority, and the source has no fence: it was restored from somewhere.
    case sourceNotFenced
    /// The source has a fence that the target knows nothing of.
    case sourceFencedUnknown
    /// The source was opened again by a way back that the target knows nothing of, or the other way round.
    case otherWayBack
    /// The source was opened without this target.
    case abandoned
    /// One store contradicts itself: something else wrote there.
    case tampered
  }

  /// The target's side.
  package struct Target: Sendable, Hashable {
    package var phase: Phase
    package var switchID: RandomID?
    /// The way back that goes on, or the last one that was decided.
    package var wayBack: RandomID?

    package init(phase: Phase, switchID: RandomID? = nil, wayBack: RandomID? = nil) {
      self.phase = phase
      self.switchID = switchID
      self.wayBack = wayBack
    }

    package init(_ record: SourceRecord) {
      self.init(phase: record.phase, switchID: record.switchID, wayBack: record.wayBack)
    }
  }

  package init(target: Target, source: SourceMark) {
    self = source.isConsistent ? Self.decide(target, source) : .refuse(.tampered)
  }

  private static func decide(_ target: Target, _ source: SourceMark) -> SwitchDecision {
    switch target.phase {
    case .finished: return .agreed
    case .preparing:
      return source.fence == nil ? .agreed : .refuse(.sourceFencedUnknown)
    case .syncing:
      guard source.fence == nil else { return .refuse(.sourceFencedUnknown) }
      return isOfOneHistory(target, source) ? .agreed : .refuse(.otherWayBack)
    case .switching:
      guard let id = target.switchID else { return .refuse(.tampered) }
      guard let fence = source.fence else {
        return isOfOneHistory(target, source) ? .undoSwitch(id) : .refuse(.otherWayBack)
      }
      return fence == id ? .completeSwitch(id) : .refuse(.sourceFencedUnknown)
    case .switched:
      guard let id = target.switchID else { return .refuse(.tampered) }
      guard let fence = source.fence else { return .refuse(withoutFence(id, source)) }
      return fence == id ? .agreed : .refuse(.sourceFencedUnknown)
    case .switchingBack:
      guard let id = target.switchID, let wayBack = target.wayBack else { return .refuse(.tampered) }
      if source.fence == id { return .undoWayBack(wayBack, of: id) }
      guard source.fence == nil else { return .refuse(.sourceFencedUnknown) }
      return source.wayBack == wayBack ? .completeWayBack(wayBack, of: id) : .refuse(withoutFence(id, source))
    }
  }

  /// An open source must have come back by the way back that the target knows of; one that was undone there leaves no id.
  private static func isOfOneHistory(_ target: Target, _ source: SourceMark) -> Bool {
    target.wayBack == nil || target.wayBack == source.wayBack
  }

  private static func withoutFence(_ id: RandomID, _ source: SourceMark) -> Contradiction {
    source.abandoned == id ? .abandoned : .sourceNotFenced
  }
}

extension SwitchDecision.Contradiction {
  /// What to say of it, and that nothing was changed.
  package func failure(path: String) -> Failure {
    switch self {
    case .sourceNotFenced:
      Failure(
        .badData,
        "PostgreSQL is the authority since the switch, but \(path) is not fenced: it was restored from a copy",
        remedy: "put the fenced file back or keep the application from writing to this one; nothing was changed")
    case .sourceFencedUnknown:
      Failure(
        .badData,
        "\(path) is fenced by a switch that the target knows nothing of: the target was restored from before it, "
          + "or is another one",
        remedy: "name the target that it moved to, or bring that one back to where it was; nothing was changed")
    case .otherWayBack:
      Failure(
        .badData, "\(path) and the target do not come from the same way back: one of them was restored from a copy",
        remedy: "put the right file or database back, or start over with sync --reseed; nothing was changed")
    case .abandoned:
      Failure(
        .badData,
        "\(path) was opened without this target (rollback --abandon-target), which is back now: the two have "
          + "parted",
        remedy:
          "keep the application away from one of them; what the target has more must be carried over by hand, then "
          + "sync --reseed into an empty schema; nothing was changed")
    case .tampered:
      Failure(
        .badData, "what \(path) or the target holds of the switch contradicts itself: something else wrote there",
        remedy: "nothing was changed; report this with the output of changeover status --json")
    }
  }
}
