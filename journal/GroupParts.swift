import Model

/// The parts of a group in order: all of them, or each as soon as it is written.
package struct GroupParts {
  /// The group is not being written any more, or is another one now.
  package struct GivenUp: Error { package init() {} }

  package let number: GroupNumber
  /// Of the parts seen so far.
  package private(set) var headers: [BatchHeader]
  private let journal: JournalDirectory
  /// Returns after a while; false where no part will follow those that are there when it was called.
  private let awaitPart: (() throws -> Bool)?

  package var isWhole: Bool { headers.last?.moreFollows == false }

  /// A group that the journal holds whole.
  package init(_ group: JournalGroup, in journal: JournalDirectory) throws(JournalError) {
    number = group.number
    self.journal = journal
    awaitPart = nil
    var headers: [BatchHeader] = []
    for part in group.parts { headers.append(try journal.header(of: part)) }
    self.headers = headers
  }

  /// A group that is being written; nil where its first part is not there yet, or where no other may begin before the
  /// last: the schema changes with it, or its end is not known from the start.
  package init?(
    beingWritten number: GroupNumber, in journal: JournalDirectory, awaitPart: @escaping () throws -> Bool
  ) throws(JournalError) {
    let name = BatchName(group: number, part: 0)
    guard try journal.exists(name) else { return nil }
    let header = try journal.header(of: name)
    if header.changesSchema || header.keysMayRepeat || header.direction != .forward { return nil }
    self.number = number
    self.journal = journal
    self.awaitPart = awaitPart
    headers = [header]
  }

  /// The header of a part, waited for where it is not there yet; nil after the last.
  /// - Throws: `GivenUp` where what follows is not the group that was begun.
  package mutating func header(_ part: Int) throws -> BatchHeader? {
    if part < headers.count { return headers[part] }
    guard let last = headers.last, last.moreFollows, let awaitPart else { return nil }
    let name = BatchName(group: number, part: last.part &+ 1)
    while true {
      let mayFollow = try awaitPart()
      if try journal.exists(name) { break }
      if !mayFollow { throw GivenUp() }
    }
    let header: BatchHeader
    do {
      header = try journal.header(of: name)
    } catch {
      // It may have been cleared away in between, and only a whole group is worth a complaint.
      throw GivenUp()
    }
    guard header.previousChecksum == last.headerChecksum, header.position == last.position else { throw GivenUp() }
    headers.append(header)
    return header
  }

  package func batch(_ header: BatchHeader) throws -> Batch {
    if isWhole { return try journal.batch(header.name) }
    let batch: Batch
    do {
      batch = try journal.batch(header.name)
    } catch {
      throw GivenUp()
    }
    guard batch.header == header else { throw GivenUp() }
    return batch
  }
}
