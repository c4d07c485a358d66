import SQLite

/// Looks at the file itself: pages, encoding, journal mode.
enum FileCheck {
  /// Free pages worth a word: a quarter of the file, and more than a handful.
  private static let manyFreePages: Int64 = 1_000

  static func profile(_ path: String, _ database: borrowing Database) throws -> SourceProfile {
    var profile = SourceProfile(path: path)
    profile.pageSize = try database.integer("PRAGMA page_size")
    profile.pages = try database.integer("PRAGMA page_count")
    profile.freePages = try database.integer("PRAGMA freelist_count")
    profile.encoding = try database.string("PRAGMA encoding") ?? profile.encoding
    profile.journalMode = try database.string("PRAGMA journal_mode") ?? profile.journalMode
    return profile
  }

  static func findings(_ profile: SourceProfile) -> [Finding] {
    var findings: [Finding] = []
    if profile.journalMode.lowercased() != "wal" {
      findings.append(
        Finding(
          .journalMode,
          "the journal mode is '\(profile.journalMode)': each reading step of changeover makes writers wait, for milliseconds"
        ))
    }
    if profile.encoding.uppercased() != "UTF-8" {
      findings.append(Finding(.encoding, "the encoding is \(profile.encoding)"))
    }
    if profile.freePages > manyFreePages, profile.freePages > profile.pages / 4 {
      let bytes = profile.freePages.multipliedReportingOverflow(by: profile.pageSize).partialValue
      findings.append(
        Finding(
          .freePages, "\(Words.bytes(bytes)) of the file are free and are not copied", count: profile.freePages))
    }
    if let rows = profile.sampleRows {
      findings.append(Finding(.sampled, "about \(Words.count(rows, "row")) of each table", count: rows))
    }
    return findings
  }
}
