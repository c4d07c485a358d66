import Glibc
import Model

/// Looking at everything.
extension JournalDirectory {
  /// Reads every batch to its last value and compares each with the one before it.
  ///
  /// Without `source` the first batch decides which source the journal belongs to. `progress` is called before each file.
  package func check(
    source: RandomID? = nil, progress: (JournalFile) -> Void = { _ in }
  ) throws(JournalError) -> [Finding] {
    let scan = try scan()
    var findings = scan.others.map { Finding(file: $0, kind: .foreignFile, detail: "is not a batch file") }
    var chain = BatchChain(source: source)
    for file in scan.batches {
      progress(file)
      do throws(JournalError) {
        let batch = try Batch(reading: path(of: file.name))
        findings += chain.follow(with: batch.header, in: file.name)
        try batch.validate()
      } catch {
        // Retention may work beside: what it takes from the front is not missing.
        if chain.isEmpty, case .system(_, _, ENOENT) = error { continue }
        findings.append(Self.finding(error, file: file.name.description))
        chain.skip(file.name)
      }
    }
    if let open = chain.unfinished {
      let detail = "more parts of its group are to follow; sync completes the group or captures it again"
      findings.append(Finding(file: open.description, kind: .unfinished, detail: detail))
    }
    return findings
  }

  private static func finding(_ error: JournalError, file: String) -> Finding {
    if case .invalid(_, let flaw, let offset) = error {
      return Finding(file: file, kind: .damaged, detail: "\(flaw.message) (\(flaw.rawValue) at byte \(offset))")
    }
    return Finding(file: file, kind: .unreadable, detail: error.failure.message)
  }
}
