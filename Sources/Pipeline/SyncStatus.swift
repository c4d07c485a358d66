import FoundationEssentials
import Model

/// What the running sync writes into its state directory once a second, for `lag` when the target is away.
package struct SyncStatus: Codable, Sendable {
  package enum State: String, Codable, Sendable { case copying, streaming, reversed }
  package var state: State
  /// When the sync last looked at the authority and had captured all that was there.
  package var lookedAt: Instant
  package var captured: Position
  package var applied: Position
  /// When the oldest change that is not applied was seen to appear, and the newest change of that moment.
  package var pendingSince: Instant?
  package var pendingThrough: ChangeNumber?
  package var targetAway: Bool
  package var quarantined: Int64
  /// Commits that changed the source and that no trigger saw, and when the last of them was noticed.
  package var unlogged: Int64?
  package var unloggedAt: Instant?

  package static func read(_ path: String) -> SyncStatus? {
    guard let bytes = AtomicFile.read(path) else { return nil }
    return try? JSONDecoder().decode(SyncStatus.self, from: Data(bytes))
  }

  func write(to path: String) throws {
    try AtomicFile.write(Array(JSONEncoder().encode(self)), to: path, durable: false)
  }
}
