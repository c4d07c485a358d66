import Model

/// Which batches a journal may lose: old ones, or the oldest of too many, but never what the target may still ask for.
package struct RetentionPolicy: Sendable, Hashable {
  /// Groups younger than this stay while the bytes allow.
  package var keepSeconds: Int64
  /// The oldest groups go, however young, while the journal is larger than this.
  package var keepBytes: Int64
  /// So many groups up to the applied position stay in any case: a target that fails over to an older position needs them.
  package var minimumGroupsBehind: Int64

  package init(keepSeconds: Int64, keepBytes: Int64, minimumGroupsBehind: Int64) {
    self.keepSeconds = keepSeconds
    self.keepBytes = keepBytes
    self.minimumGroupsBehind = minimumGroupsBehind
  }

  /// The batches that may go, oldest first and group by group, so that what stays has no hole.
  ///
  /// The newest group always stays, because the next one follows it; what an interrupted removal left of the oldest goes.
  package func removable(_ files: [JournalFile], applied: GroupNumber, now: Instant) -> [BatchName] {
    let files = files.sorted { $0.name < $1.name }
    let (floor, overflow) = applied.rawValue.subtractingReportingOverflow(max(0, minimumGroupsBehind))
    guard !overflow, let newest = files.last?.name.group else { return [] }
    var bytes = files.reduce(Int64(0)) { Self.sum($0, $1.size) }
    var removable: [BatchName] = []
    var start = 0
    while start < files.count {
      let group = files[start].name.group
      guard group.rawValue <= floor, group < newest else { break }
      let end = files[start...].firstIndex { $0.name.group != group } ?? files.count
      let parts = files[start..<end]
      let isRemnant = start == 0 && files[0].name.part > 0
      let isOld = parts.allSatisfy { Self.age(of: $0, at: now) > keepSeconds }
      guard isRemnant || isOld || bytes > keepBytes else { break }
      removable += parts.map(\.name)
      bytes -= parts.reduce(0) { Self.sum($0, $1.size) }
      start = end
    }
    return removable
  }

  /// Whole seconds since the file was written.
  private static func age(of file: JournalFile, at now: Instant) -> Int64 {
    now.microseconds.subtractingReportingOverflow(file.writtenAt.microseconds).partialValue / 1_000_000
  }

  private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }
}
