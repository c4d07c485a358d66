import Journal
import Model

/// Takes from the journal, now and then, what its policy lets go.
struct JournalRetention {
  private static let seconds = 30.0
  private static let blockBytes: Int64 = 4_096
  /// Looking through a large journal takes no more than this share of the time.
  private static let share = 0.01

  private let policy: RetentionPolicy
  private let journal: JournalDirectory
  private let clock: any WallClock
  private var next = ContinuousClock.now + .seconds(Self.seconds)

  init(_ policy: RetentionPolicy, _ journal: JournalDirectory, _ clock: any WallClock) {
    self.policy = policy
    self.journal = journal
    self.clock = clock
  }

  /// - Parameter applied: the last group that the store that follows has.
  mutating func look(applied: GroupNumber) throws {
    let began = ContinuousClock.now
    guard began > next else { return }
    // A batch of a few rows takes a block of the disk all the same.
    let files = try journal.files().map { file in
      let size = (file.size + Self.blockBytes - 1) / Self.blockBytes * Self.blockBytes
      return JournalFile(name: file.name, size: size, writtenAt: file.writtenAt)
    }
    let removable = policy.removable(files, applied: applied, now: clock.now)
    if !removable.isEmpty { try journal.remove(removable) }
    let took = began.duration(to: .now) / .seconds(1)
    next = .now + .seconds(max(Self.seconds, took / Self.share))
  }
}
