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
}
