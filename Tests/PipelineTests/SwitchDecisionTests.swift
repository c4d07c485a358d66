import Capture
import Model
import Testing

@testable import Pipeline

/// What two stores can say of a switch, and what follows.
struct SwitchDecisionTests {
  private static let a = RandomID(high: 1, low: 1)
  private static let b = RandomID(high: 2, low: 2)
  private static let v = RandomID(high: 3, low: 3)
  private static let w = RandomID(high: 4, low: 4)

  private typealias Decision = SwitchDecision

  private func decide(
    _ phase: Phase, _ switchID: RandomID? = nil, _ wayBack: RandomID? = nil, source: SourceMark
  ) -> SwitchDecision {
    SwitchDecision(target: .init(phase: phase, switchID: switchID, wayBack: wayBack), source: source)
  }

  private let open = SourceMark(phase: .syncing)
  private let closed = SourceMark(phase: .switched, fence: a)

  @Test func `stores that say the same are left alone`() {
    #expect(decide(.preparing, source: open) == .agreed)
    #expect(decide(.syncing, source: open) == .agreed)
    #expect(decide(.switched, Self.a, source: closed) == .agreed)
    var returned = open
    returned.wayBack = Self.w
    #expect(decide(.syncing, nil, Self.w, source: returned) == .agreed)
  }

  @Test func `a switch that had begun is completed where the source carries its fence, else taken back`() {
    #expect(decide(.switching, Self.a, source: closed) == .completeSwitch(Self.a))
    #expect(decide(.switching, Self.a, source: open) == .undoSwitch(Self.a))
  }

  @Test func `a way back that had begun is completed where the source carries its id, else taken back`() {
    var returned = open
    returned.wayBack = Self.w
    #expect(decide(.switchingBack, Self.a, Self.w, source: returned) == .completeWayBack(Self.w, of: Self.a))
    #expect(decide(.switchingBack, Self.a, Self.w, source: closed) == .undoWayBack(Self.w, of: Self.a))
  }

  @Test func `a source without its fence after the switch was restored from somewhere, or opened without the target`() {
    #expect(decide(.switched, Self.a, source: open) == .refuse(.sourceNotFenced))
    #expect(decide(.switchingBack, Self.a, Self.w, source: open) == .refuse(.sourceNotFenced))
    var old = open
    old.wayBack = Self.v
    #expect(decide(.switchingBack, Self.a, Self.w, source: old) == .refuse(.sourceNotFenced))
    var abandoned = open
    abandoned.abandoned = Self.a
    #expect(decide(.switched, Self.a, source: abandoned) == .refuse(.abandoned))
    #expect(decide(.switchingBack, Self.a, Self.w, source: abandoned) == .refuse(.abandoned))
    #expect(decide(.switched, Self.b, source: abandoned) == .refuse(.sourceNotFenced))
  }

  @Test func `a fence that the target knows nothing of is not taken away`() {
    #expect(decide(.preparing, source: closed) == .refuse(.sourceFencedUnknown))
    #expect(decide(.syncing, source: closed) == .refuse(.sourceFencedUnknown))
    for phase in [Phase.switching, .switched, .switchingBack] {
      #expect(decide(phase, Self.b, Self.w, source: closed) == .refuse(.sourceFencedUnknown))
    }
  }

  @Test func `an open source that came back by another way than the target knows of is not followed`() {
    var other = open
    other.wayBack = Self.v
    for source in [open, other] {
      #expect(decide(.syncing, nil, Self.w, source: source) == .refuse(.otherWayBack))
      #expect(decide(.switching, Self.a, Self.w, source: source) == .refuse(.otherWayBack))
    }
    // A way back that was undone left no id on the target.
    #expect(decide(.syncing, source: other) == .agreed)
  }

  @Test func `a move that is over has nothing to be resolved`() {
    for source in [open, closed, SourceMark(phase: .finished, fence: Self.a), SourceMark(phase: .finished)] {
      #expect(decide(.finished, Self.a, source: source) == .agreed)
    }
  }

  @Test func `a store that contradicts itself is refused`() {
    let marks = [
      SourceMark(phase: .syncing, fence: Self.a), SourceMark(phase: .switched), SourceMark(phase: .switching),
    ]
    for mark in marks { #expect(decide(.syncing, source: mark) == .refuse(.tampered)) }
    for phase in [Phase.switching, .switched, .switchingBack] {
      #expect(decide(phase, source: closed) == .refuse(.tampered))
    }
    #expect(decide(.switchingBack, Self.a, source: closed) == .refuse(.tampered))
  }

  /// Over every combination there is.
  @Test func `no combination opens a store while the other one is open, or closes both for good`() {
    let ids = [nil, Self.a, Self.b], ways = [nil, Self.v, Self.w]
    let sourcePhases = [nil] + Phase.allCases.map { Optional($0) }
    var count = 0
    for phase in Phase.allCases {
      for switchID in ids {
        for wayBack in ways {
          let target = Decision.Target(phase: phase, switchID: switchID, wayBack: wayBack)
          for sourcePhase in sourcePhases {
            for fence in ids {
              for returned in ways {
                for abandoned in ids {
                  count += 1
                  let source = SourceMark(phase: sourcePhase, fence: fence, wayBack: returned, abandoned: abandoned)
                  expectSafe(Decision(target: target, source: source), target, source)
                }
              }
            }
          }
        }
      }
    }
    #expect(count == 6 * 3 * 3 * 7 * 3 * 3 * 3)
  }

  private func expectSafe(_ decision: SwitchDecision, _ target: SwitchDecision.Target, _ source: SourceMark) {
    switch decision {
    case .completeSwitch(let id):
      // Opens the target: the source is closed, by this very switch.
      #expect(target.phase == .switching && target.switchID == id && source.fence == id)
    case .undoWayBack(let wayBack, let id):
      #expect(target.phase == .switchingBack && target.switchID == id && target.wayBack == wayBack)
      #expect(source.fence == id)
    case .undoSwitch(let id):
      // Leaves the target closed: the source is open.
      #expect(target.phase == .switching && target.switchID == id && source.fence == nil)
    case .completeWayBack(let wayBack, let id):
      #expect(target.phase == .switchingBack && target.switchID == id && target.wayBack == wayBack)
      #expect(source.fence == nil && source.wayBack == wayBack)
    case .agreed:
      switch target.phase {
      case .preparing, .syncing: #expect(source.fence == nil)
      case .switched: #expect(source.fence != nil && source.fence == target.switchID)
      case .switching, .switchingBack: Issue.record("a switch that has begun is left in the air: \(target) \(source)")
      case .finished: break
      }
    case .refuse: break
    }
  }
}
