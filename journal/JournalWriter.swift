import Glibc
import Model

/// Appends batches to a journal. Belongs to who holds the state directory's apply lock, and only while it is held.
package struct JournalWriter: ~Copyable {
  package let directory: JournalDirectory
  /// The source that all batches belong to.
  package let source: RandomID
  /// The batch written last, whether or not it ends its group.
  package private(set) var last: BatchHeader?
  /// The position after which the journal begins anew, because the target holds groups that the journal lost.
  private var ahead: Position?
  private var encoder = BatchEncoder()

  /// Opens a journal for writing; call `recover` before the first batch.
  package init(_ directory: JournalDirectory, source: RandomID) {
    self.directory = directory
    self.source = source
  }

  /// Finds where the journal stands. Call it each time the apply lock was taken: another process may have captured a group.
  ///
  /// `applied` is the target's position where it is known. A target that is ahead of the journal (a disk lost the newest
  /// batches, or the whole journal) has what is missing: the journal then begins anew after that position.
  ///
  /// Costs a few system calls where nothing happened since this writer's last batch.
  package mutating func recover(applied: Position? = nil) throws(JournalError) -> Recovery {
    var recovery: Recovery
    if let last, !last.moreFollows, try isNewest(last) {
      recovery = Recovery(last: last)
    } else {
      last = nil
      recovery = try directory.recover(source: source)
      last = recovery.last
    }
    if let applied, applied.group > last?.group ?? GroupNumber(0) { recovery.ahead = applied }
    ahead = recovery.ahead
    return recovery
  }

  /// Writes a batch and returns once it is on the disk. After an error the journal holds all of it or nothing of it.
  package mutating func append(
    _ header: BatchHeader, _ entries: borrowing EntryEncoder
  ) throws(JournalError) -> BatchHeader {
    if let reason = mismatch(header) { throw .notNext(file: header.name.description, reason: reason) }
    let previous = ahead == nil ? last?.headerChecksum ?? 0 : 0
    let written = try encoder.encode(header, entries, previousChecksum: previous)
    try store(written.name)
    last = written
    ahead = nil
    return written
  }

  /// Temporary name, write, sync, rename, sync the directory.
  private func store(_ name: BatchName) throws(JournalError) {
    let temporary = name.description + JournalDirectory.temporarySuffix
    try directory.remove(file: temporary)
    do throws(JournalError) {
      let file = try File(creating: "\(directory.path)/\(temporary)")
      try file.write(encoder.bytes)
      try file.sync()
      try file.close()
      FaultPoint.reach("batch-written")
      try directory.publish(temporary, as: name)
      FaultPoint.reach("batch-named")
    } catch {
      try? directory.remove(file: temporary)
      throw error
    }
    do throws(JournalError) {
      try directory.sync()
      FaultPoint.reach("batch-synced")
    } catch {
      // The name may not outlive a power cut: without it the group is simply captured again.
      try? directory.remove(file: name.description)
      throw error
    }
  }

  /// Whether the file of `last` is still there as written and nothing follows it.
  private func isNewest(_ last: BatchHeader) throws(JournalError) -> Bool {
    let (next, overflow) = last.group.rawValue.addingReportingOverflow(1)
    guard !overflow, try directory.exists(last.name) else { return false }
    if try directory.exists(BatchName(group: GroupNumber(next), part: 0)) { return false }
    // What is no longer readable is no longer as written; `recover` says what it is.
    return (try? directory.header(of: last.name)) == last
  }

  /// Why a batch cannot be the next; nil when it can.
  private func mismatch(_ header: BatchHeader) -> String? {
    if header.source != source { return "it is of another source" }
    if let ahead {
      let follows = header.part == 0 && header.group.rawValue == ahead.group.rawValue &+ 1
      return follows ? nil : "it is not the one that follows the target's group \(ahead.group)"
    }
    guard let last else { return header.part == 0 ? nil : "a group begins with part 0" }
    let follows =
      last.moreFollows
      ? header.group == last.group && header.part == last.part &+ 1
      : header.group.rawValue == last.group.rawValue &+ 1 && header.part == 0
    if !follows { return "it is not the one that follows \(last.name)" }
    if last.moreFollows {
      if header.direction != last.direction { return "the parts of a group have one direction" }
      if header.after != last.after { return "the parts of a group begin after the same change" }
      return header.last < last.last ? "its last change is older than that of the part before" : nil
    }
    // Each direction numbers its own changes.
    if header.direction != last.direction || header.after == last.last { return nil }
    return "it begins after change \(header.after), and the journal ends at \(last.last)"
  }
}
