import Model

/// Follows the headers of a journal in order and says where one does not continue the one before.
struct BatchChain {
  /// The source that all batches must belong to; the first batch's where none was given.
  private var source: RandomID?
  /// The file before, and its header where that could be read.
  private var previous: (name: BatchName, header: BatchHeader?)?

  init(source: RandomID?) {
    self.source = source
  }

  /// No file was seen yet.
  var isEmpty: Bool { previous == nil }

  /// The newest file when its group has no end.
  var unfinished: BatchName? { previous?.header?.moreFollows == true ? previous?.name : nil }

  /// Passes over a file that could not be read: what follows it is compared by name only.
  mutating func skip(_ name: BatchName) {
    previous = (name, nil)
  }

  /// Takes the header of the next file and returns what is wrong with it.
  mutating func follow(with header: BatchHeader, in name: BatchName) -> [Finding] {
    defer { previous = (name, header.name == name ? header : nil) }
    func finding(_ kind: Finding.Kind, _ detail: String) -> Finding {
      Finding(file: name.description, kind: kind, detail: detail)
    }
    guard header.name == name else {
      return [finding(.misnamed, "holds group \(header.group) part \(header.part)")]
    }
    var findings: [Finding] = []
    let expected = source ?? header.source
    source = expected
    if header.source != expected {
      findings.append(finding(.foreignSource, "belongs to source \(header.source), not to \(expected)"))
    }
    if !isExpected(name), !isAnew(header) {
      let before = previous.map { "between \($0.name) and it" } ?? "of its group before it"
      return findings + [finding(.missing, "is there, and files \(before) are missing")]
    }
    guard let before = previous?.header, !isAnew(header) else { return findings }
    if header.previousChecksum != before.headerChecksum {
      findings.append(finding(.chain, "was not written after the \(before.name) that is here"))
    }
    let sameGroup = header.group == before.group
    if sameGroup, header.direction != before.direction || header.after != before.after {
      findings.append(finding(.group, "disagrees with the part before on direction or first change"))
    }
    if sameGroup ? header.last < before.last : header.direction == before.direction && header.after != before.last {
      let detail = "goes from change \(header.after) to \(header.last), and the batch before ended at \(before.last)"
      findings.append(finding(.sequence, detail))
    }
    return findings
  }

  /// Whether the journal begins anew with this file, because the target was ahead of what was left.
  private func isAnew(_ header: BatchHeader) -> Bool {
    guard let before = previous?.header, !before.moreFollows else { return false }
    return header.previousChecksum == 0 && header.part == 0 && header.group > before.group
  }

  /// Whether a file of this name may come next. The oldest file must begin its group.
  private func isExpected(_ name: BatchName) -> Bool {
    guard let previous else { return name.part == 0 }
    let nextPart = name.group == previous.name.group && name.part == previous.name.part &+ 1
    let nextGroup = name.group.rawValue == previous.name.group.rawValue &+ 1 && name.part == 0
    guard let header = previous.header else { return nextPart || nextGroup }
    return header.moreFollows ? nextPart : nextGroup
  }
}
