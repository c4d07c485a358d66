import Glibc
import Model

/// The directory that holds a journal: what is in it, and what may leave it. `JournalWriter` adds to it.
///
/// Several processes may read at any time. Only who holds the state directory's apply lock may recover, append or remove.
package struct JournalDirectory: Sendable, Hashable {
  package let path: String

  /// Names a directory that exists, for reading.
  package init(path: String) {
    self.path = path
  }

  /// Names a directory and creates it where it is missing, closed to other accounts: batches hold the application's rows.
  package init(creating path: String) throws(JournalError) {
    self.path = path
    if mkdir(path, 0o700) == 0 {
      try Self.sync(directory: path + "/..")
    } else if errno != EEXIST {
      throw .system(operation: "create the journal's directory", path: path, code: errno)
    }
  }

  /// Where a batch file is.
  package func path(of name: BatchName) -> String { "\(path)/\(name)" }

  /// The batch files in order; temporary and other files are passed over.
  package func files() throws(JournalError) -> [JournalFile] { try scan().batches }

  /// The checked header of a batch file whose length agrees with it.
  package func header(of name: BatchName) throws(JournalError) -> BatchHeader {
    let file = path(of: name)
    let (header, _) = try File(reading: file).header()
    guard header.name == name else { throw .misnamed(file: file, header: header.name) }
    return header
  }

  /// A batch, which is the one that its file's name promises.
  package func batch(_ name: BatchName) throws(JournalError) -> Batch {
    let file = path(of: name)
    let batch = try Batch(reading: file)
    guard batch.header.name == name else { throw .misnamed(file: file, header: batch.header.name) }
    return batch
  }

  /// A group, found without listing the directory; nil while it is not there whole.
  package func group(_ number: GroupNumber) throws(JournalError) -> JournalGroup? {
    var parts: [BatchName] = []
    for part in 0...BatchLimits.part {
      let name = BatchName(group: number, part: part)
      guard try exists(name) else { return nil }
      parts.append(name)
      if try !header(of: name).moreFollows { break }
    }
    return JournalGroup(number: number, parts: parts)
  }

  /// The complete groups after a group, in order and without a hole.
  ///
  /// Throws `missing` where a later group is there and the next one is not: what it held would be lost.
  package func groups(after: GroupNumber) throws(JournalError) -> [JournalGroup] {
    while true {
      do throws(JournalError) {
        return try listedGroups(after: after)
      } catch .missing(let file) where access(file, F_OK) == 0 {
        // A directory is not read in one moment: a file that was named meanwhile may not be listed where a later one is. Once
        // there it is listed.
      }
    }
  }

  private func listedGroups(after: GroupNumber) throws(JournalError) -> [JournalGroup] {
    let names = try files().map(\.name).filter { $0.group > after }
    var groups: [JournalGroup] = []
    var start = 0
    while start < names.count {
      let number = names[start].group
      let end = names[start...].firstIndex { $0.group != number } ?? names.count
      let parts = Array(names[start..<end])
      try requireContinuity(parts, after: groups.last?.number ?? after)
      // Only the newest group can be unfinished: `append` lets no other begin before.
      if end == names.count, try header(of: parts[parts.count - 1]).moreFollows { break }
      groups.append(JournalGroup(number: number, parts: parts))
      start = end
    }
    return groups
  }

  /// Removes batches, in the order given.
  package func remove(_ names: [BatchName]) throws(JournalError) {
    for name in names {
      try remove(file: name.description)
      FaultPoint.reach("batch-removed")
    }
    if !names.isEmpty { try sync() }
  }

  /// Throws where the parts are not those from 0 on of the group after `after`.
  private func requireContinuity(_ parts: [BatchName], after: GroupNumber) throws(JournalError) {
    let (next, overflow) = after.rawValue.addingReportingOverflow(1)
    guard !overflow else { return }
    for (part, name) in parts.enumerated() {
      let expected = BatchName(group: GroupNumber(next), part: UInt32(part))
      if name != expected { throw .missing(file: path(of: expected)) }
    }
  }
}
