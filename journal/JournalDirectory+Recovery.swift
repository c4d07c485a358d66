import Glibc
import Model

/// Clearing away what a crash left.
extension JournalDirectory {
  /// Removes temporary files and the parts of a group whose end is missing, and finds the last complete group.
  ///
  /// A newest file that is damaged as a write that never reached the disk is (empty, short, zeros, a checksum that does not
  /// hold) is set aside with its group, to be read again from the authority. Damage anywhere before is thrown: it is
  /// not a crash's.
  package func recover(source: RandomID) throws(JournalError) -> Recovery {
    let scan = try scan()
    var names = scan.batches.map(\.name)
    var removed: [String] = []
    var setAside: [String] = []
    for name in scan.temporaries {
      try remove(file: name)
      removed.append(name)
    }
    var last: BatchHeader?
    while let newest = names.last {
      let parts = names.filter { $0.group == newest.group }
      switch try tail(newest, source: source, mayBeTorn: names.count == scan.batches.count) {
      case .complete(let header):
        try requireParts(parts)
        last = header
      case .unfinished:
        // Backwards: a crash in the middle leaves an unfinished group again.
        for part in parts.reversed() {
          try remove(file: part.description)
          removed.append(part.description)
        }
        names.removeLast(parts.count)
        continue
      case .torn:
        for part in parts.reversed() {
          let name = part.description + Self.tornSuffix
          try rename(part.description, to: name)
          setAside.append(name)
        }
        names.removeLast(parts.count)
        continue
      }
      break
    }
    if !removed.isEmpty || !setAside.isEmpty { try sync() }
    return Recovery(last: last, removed: removed, setAside: setAside)
  }

  /// What the newest file says of its group.
  private enum Tail {
    case complete(BatchHeader)
    case unfinished
    case torn
  }

  private func tail(_ newest: BatchName, source: RandomID, mayBeTorn: Bool) throws(JournalError) -> Tail {
    let header: BatchHeader
    do throws(JournalError) {
      header = try batch(newest).header
    } catch .invalid(_, let flaw, _) where mayBeTorn && flaw.canBeTorn {
      return .torn
    }
    guard header.source == source else {
      throw .foreignSource(file: path(of: newest), found: header.source, expected: source)
    }
    return header.moreFollows ? .unfinished : .complete(header)
  }

  /// Throws where a part of a complete group is missing.
  private func requireParts(_ parts: [BatchName]) throws(JournalError) {
    for (part, name) in parts.enumerated() where name.part != part {
      throw .missing(file: path(of: BatchName(group: name.group, part: UInt32(part))))
    }
  }

  /// A group that cannot be applied, and why.
  package struct Damage: Sendable {
    package let group: GroupNumber
    package let error: JournalError
  }

  /// Reads every group after `after` to its last value, and returns the first that damage keeps from being applied; nil where
  /// all hold. Batches that are whole and belong elsewhere are not damage: they are thrown, as they are when applied.
  ///
  /// Call it after `recover`, which deals with what a crash leaves at the end.
  package func damage(after: GroupNumber) throws(JournalError) -> Damage? {
    var expected = BatchName(group: after.next, part: 0)
    for name in try files().map(\.name) where name.group > after {
      guard name == expected else {
        return Damage(group: expected.group, error: .missing(file: path(of: expected)))
      }
      do throws(JournalError) {
        let batch = try batch(name)
        try batch.validate()
        expected =
          batch.header.moreFollows
          ? BatchName(group: name.group, part: name.part &+ 1) : BatchName(group: name.group.next, part: 0)
      } catch .invalid(let file, let flaw, let offset) where flaw != .version {
        return Damage(group: name.group, error: .invalid(file: file, flaw: flaw, offset: offset))
      }
    }
    return expected.part > 0 ? Damage(group: expected.group, error: .missing(file: path(of: expected))) : nil
  }

  /// Sets a group and all after it aside, to be read again from the authority; the newest first, so that a crash in between
  /// leaves the same damage again. Returns the files.
  package func setAside(from group: GroupNumber) throws(JournalError) -> [String] {
    var setAside: [String] = []
    for file in try files().reversed() where file.name.group >= group {
      let name = file.name.description + Self.tornSuffix
      try rename(file.name.description, to: name)
      setAside.append(name)
      FaultPoint.reach("batch-set-aside")
    }
    try sync()
    return setAside
  }
}
