import FoundationEssentials
import Glibc
import Journal
import Model

/// The directory beside the source that holds the journal, the locks, and who we are.
package struct StateDirectory: Sendable {
  package let path: String
  /// Names this directory as an owner of sources.
  package let id: RandomID

  package static func defaultPath(source: String) -> String { source + ".changeover" }

  /// Opens the directory, creating it where it is missing, and proves that the journal can be written.
  package init(creating path: String) throws {
    self.path = path
    if mkdir(path, 0o700) != 0, errno != EEXIST {
      throw Failure(
        .configuration, "cannot create the state directory \(path): \(String(cString: strerror(errno)))",
        remedy: "give this user write permission on the directory above, or name another with --state")
    }
    let journal = try Self.mapping { () throws(JournalError) in try JournalDirectory(creating: path + "/journal") }
    try Self.proveWritable(journal.path)
    let identity = path + "/identity"
    if let known = Self.readIdentity(identity) {
      id = known
    } else {
      id = RandomID.random()
      try AtomicFile.write(Array("\(id)\n".utf8), to: identity, durable: true)
    }
  }

  /// Opens a directory that exists; nil where there is none, or none of ours.
  package init?(existing path: String) {
    guard let known = Self.readIdentity(path + "/identity") else { return nil }
    self.path = path
    id = known
  }

  /// The source that this directory has captured from; nil before the first.
  package var knownSource: RandomID? { Self.readIdentity(path + "/source") }

  /// Notes the source for good: a file without it in this one's place is then told from a new one.
  func remember(_ source: RandomID) throws {
    guard knownSource != source else { return }
    try AtomicFile.write(Array("\(source)\n".utf8), to: path + "/source", durable: true)
  }

  /// The source whose first copy is to begin anew: noted before it is forgotten, so that an end of the process in between
  /// leaves nothing half forgotten.
  var startingOver: RandomID? { Self.readIdentity(startingOverPath) }

  func noteStartingOver(_ source: RandomID) throws {
    try AtomicFile.write(Array("\(source)\n".utf8), to: startingOverPath, durable: true)
  }

  /// A note that comes back after a power cut names a source that is no more.
  func endStartingOver() { AtomicFile.remove(startingOverPath) }

  private var startingOverPath: String { path + "/starting-over" }

  /// Ready for another source.
  func forget() throws {
    for name in ["/source", "/status.json", "/verify.json", "/verify-background.json"]
    where unlink(path + name) != 0 && errno != ENOENT {
      throw Failure(
        .configuration, "cannot remove \(path)\(name): \(String(cString: strerror(errno)))",
        remedy: "give this user write permission on the state directory")
    }
  }

  package var journal: JournalDirectory { JournalDirectory(path: path + "/journal") }
  package var statusPath: String { path + "/status.json" }
  /// Names the switch whose hook ended well.
  package var hookPath: String { path + "/switch-hook" }
  /// The target's plan as of the last switch, for the day on which the target is gone.
  package var planPath: String { path + "/plan.json" }
  /// There while the application's jobs are frozen for a switch.
  package var frozenPath: String { path + "/frozen" }
  /// Where an interrupted verify goes on.
  func verifyPath(isInBackground: Bool) -> String {
    path + (isInBackground ? "/verify-background.json" : "/verify.json")
  }
  /// Held by the one sync of this source for as long as it runs.
  package var syncLock: StepLock { StepLock(path: path + "/sync.lock") }
  /// Held while a group is captured.
  package var captureLock: StepLock { StepLock(path: path + "/capture.lock") }
  /// Held while a group is applied.
  package var applyLock: StepLock { StepLock(path: path + "/apply.lock") }

  private static func readIdentity(_ path: String) -> RandomID? {
    guard let bytes = AtomicFile.read(path) else { return nil }
    return RandomID(String(decoding: bytes.prefix(36), as: UTF8.self))
  }

  /// A megabyte written and synced: a full disk or a read-only directory shows now, not at the first group.
  private static func proveWritable(_ directory: String) throws {
    let probe = directory + "/probe.tmp"
    defer { unlink(probe) }
    try AtomicFile.write([UInt8](repeating: 0, count: 1 << 20), to: probe, durable: true)
  }

  private static func mapping<R>(_ body: () throws(JournalError) -> R) throws(Failure) -> R {
    do { return try body() } catch { throw error.failure }
  }
}
