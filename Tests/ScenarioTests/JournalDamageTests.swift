import Glibc
import TestSupport
import Testing

/// A journal that was damaged while groups in it were not applied yet (case 41): healed by reading the source again where it
/// still has the changes, refused with a message where not; never applied.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct JournalDamageTests {
  /// Writes something and has it journaled, not applied: the sync is killed between the two. The newest batch's path.
  private func journal(_ it: Scenario, _ round: Int) throws -> String {
    try it.sqlite(
      "UPDATE slot SET holder = 'round \(round)' WHERE id % 3 = \(round % 3); DELETE FROM account WHERE id = \(round);")
    let sync = try it.start("sync", environment: ["CHANGEOVER_FAULT": "group-journaled"])
    #expect(try sync.wait() == -SIGKILL, "\(sync.everythingSaid)")
    return "\(it.stateDirectory)/journal/\(try #require(it.journalFiles.last))"
  }

  /// As the pruner would: the newest change and the applied ones' last stay.
  private func prune(_ it: Scenario) throws {
    let applied = try it.psql("SELECT applied_sequence FROM changeover.source")
    try it.sqlite(
      "DELETE FROM _changeover_change WHERE seq <> \(applied) AND seq < (SELECT max(seq) FROM _changeover_change);")
  }

  private enum Damage: CaseIterable {
    case flippedInHeader, flippedInPayload, flippedAtEnd, empty, oneByte, halfAHeader, half, allButOne, zeros, longer,
      missing

    func apply(to path: String) throws {
      var bytes = try Files.read(path)
      switch self {
      case .flippedInHeader: bytes[40] ^= 0x10
      case .flippedInPayload: bytes[(128 + bytes.count) / 2] ^= 0x01
      case .flippedAtEnd: bytes[bytes.count - 1] ^= 0x80
      case .empty: bytes = []
      case .oneByte: bytes = Array(bytes.prefix(1))
      case .halfAHeader: bytes = Array(bytes.prefix(64))
      case .half: bytes = Array(bytes.prefix(bytes.count / 2))
      case .allButOne: bytes.removeLast()
      case .zeros: bytes = Array(repeating: 0, count: bytes.count)
      case .longer: bytes.append(0)
      case .missing:
        unlink(path)
        return
      }
      try Files.write(bytes, to: path)
    }
  }

  @Test func `a damaged newest batch is read again from the source, whatever the damage`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      for (round, damage) in Damage.allCases.enumerated() {
        let newest = try journal(it, round)
        try damage.apply(to: newest)
        let sync = try it.changeover("sync", "--until-caught-up")
        #expect(sync.status == 0, "\(damage): \(sync.errors)")
        try it.expectEqual()
      }
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  @Test func `a damaged newest batch whose changes the source no longer has is refused`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let newest = try journal(it, 1)
      try prune(it)
      let before = try it.psql("SELECT count(*) FROM account")
      var bytes = try Files.read(newest)
      bytes[bytes.count / 2] ^= 1
      try Files.write(bytes, to: newest)
      let refused = try it.changeover("sync", "--until-caught-up")
      #expect(refused.status == 65 && refused.errors.contains("changes are missing after number"), "\(refused.errors)")
      #expect(refused.errors.contains("--reseed"), "\(refused.errors)")
      #expect(try it.psql("SELECT count(*) FROM account") == before)
      // What was set aside is still there, for whoever can mend it.
      #expect(Files.names(in: it.stateDirectory + "/journal").contains { $0.hasSuffix(".torn") })
      #expect(try it.changeover("sync", "--until-caught-up", "--reseed").status == 0)
      try it.expectEqual()
    }
  }

  /// Has four groups journaled that nothing applies; the files. With `keeps` the source keeps their changes.
  private func journalFour(_ it: Scenario, keeps: Bool) throws -> [String] {
    try it.prepareCopied()
    // The pruner's deletes are passed over.
    if keeps { try it.sqlite(Self.keep) }
    let sync = try startJournaling(it)
    let known = it.journalFiles.count
    for round in 1...4 {
      try it.sqlite(
        "BEGIN; UPDATE slot SET holder = 'round \(round)'; DELETE FROM account WHERE id = \(round); COMMIT;")
      try Waiting.until("group \(round)") { it.journalFiles.count >= known + round }
    }
    sync.kill()
    if !keeps { try prune(it) }
    return Array(it.journalFiles[known...])
  }

  /// A sync that journals and applies nothing.
  private func startJournaling(_ it: Scenario) throws -> ChildProcess {
    let never = it.directory + "/never"
    return try it.start(
      "sync", environment: ["CHANGEOVER_FAULT": "group-journaled:wait", "CHANGEOVER_FAULT_FILE": never])
  }

  private static let keep =
    "CREATE TRIGGER keep BEFORE DELETE ON _changeover_change BEGIN SELECT RAISE(IGNORE); END;"

  private func damage(_ path: String, _ how: String) throws {
    var bytes = try Files.read(path)
    switch how {
    case "flipped": bytes[bytes.count / 2] ^= 1
    case "flipped in its header": bytes[40] ^= 0x10
    case "short": bytes.removeLast()
    default:
      unlink(path)
      return
    }
    try Files.write(bytes, to: path)
  }

  /// Several groups wait to be applied, and one that is not the newest is damaged: no crash does that.
  @Test(arguments: ["flipped", "short", "missing"])
  func `damage in the middle of the journal is refused, and named, where the source has pruned its changes`(how: String)
    throws
  {
    try Scenario.run { it in
      let victim = try journalFour(it, keeps: false)[1]
      let path = "\(it.stateDirectory)/journal/\(victim)"
      let good = try Files.read(path)
      try damage(path, how)
      let files = it.journalFiles
      let refused = try it.changeover("sync", "--until-caught-up")
      #expect(refused.status == 65, "\(refused.errors)")
      #expect(refused.errors.contains(victim.prefix(19)), "\(refused.errors)")
      #expect(refused.errors.contains("no longer holds the changes after number"), "\(refused.errors)")
      #expect(refused.errors.contains("--reseed"), "\(refused.errors)")
      #expect(it.journalFiles == files)
      #expect(try it.changeover("journal", "check").status == 1)
      // With the right file back it goes on.
      try Files.write(good, to: path)
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try it.expectEqual()
    }
  }

  @Test(arguments: ["flipped", "flipped in its header", "short", "missing"], [0, 1, 3])
  func `damage in the middle of the journal is healed from the source where that still has the changes`(
    how: String, place: Int
  ) throws {
    try Scenario.run { it in
      let files = try journalFour(it, keeps: true)
      try damage("\(it.stateDirectory)/journal/\(files[place])", how)
      // Dies with some of them set aside, and is started again.
      if place < 3 {
        let killed = try it.start("sync", environment: ["CHANGEOVER_FAULT": "batch-set-aside#2"])
        #expect(try killed.wait() == -SIGKILL, "\(killed.everythingSaid)")
      }
      let healed = try it.changeover("sync", "--until-caught-up")
      #expect(healed.status == 0, "\(healed.errors)")
      // Of the others the damaged one is the newest by now, which is read again without a word.
      if place == 0 { #expect(healed.errors.contains("the source still holds these changes"), "\(healed.errors)") }
      try it.expectEqual()
      #expect(try it.changeover("journal", "check").status == 0)
      try it.sqlite("DROP TRIGGER keep; UPDATE slot SET holder = 'afterwards';")
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try it.expectEqual()
    }
  }

  /// The application changes its schema, and the group that carries this is damaged.
  @Test func `a damaged group that changed the schema is read again with its change`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      try it.sqlite(Self.keep)
      let sync = try startJournaling(it)
      let known = it.journalFiles.count
      for (round, sql) in [
        "UPDATE slot SET holder = 'before';",
        "BEGIN; ALTER TABLE slot ADD COLUMN note TEXT DEFAULT 'n'; UPDATE slot SET note = 'm'; COMMIT;",
        "UPDATE slot SET holder = 'after';",
      ].enumerated() {
        try it.sqlite(sql)
        try Waiting.until("group \(round)") { it.journalFiles.count > known + round }
      }
      sync.kill()
      try damage("\(it.stateDirectory)/journal/\(it.journalFiles[known + 1])", "flipped")
      let healed = try it.changeover("sync", "--until-caught-up")
      #expect(healed.status == 0, "\(healed.errors)")
      try it.expectEqual()
    }
  }

  @Test func `a duplicated batch and one of another source are refused, a file that is none is passed by`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let newest = try journal(it, 1)
      let number = try #require(Int(it.journalFiles.last?.prefix(19) ?? ""))
      let digits = "\(number + 1)"
      let next = String(repeating: "0", count: 19 - digits.count) + digits + "-000000.batch"
      let path = "\(it.stateDirectory)/journal/\(next)"
      try Files.copy(newest, to: path)
      let duplicated = try it.changeover("sync", "--until-caught-up")
      #expect(duplicated.status == 65 && duplicated.errors.contains(next), "\(duplicated.errors)")
      unlink(path)

      let source = it.source
      it.source = it.directory + "/other.db"
      try it.psql("CREATE SCHEMA other")
      try it.createWritersTables(rows: 5)
      #expect(try it.changeover("sync", "--until-caught-up", "--target-schema", "other").status == 0)
      try it.sqlite("UPDATE slot SET holder = 'other';")
      #expect(try it.changeover("sync", "--until-caught-up", "--target-schema", "other").status == 0)
      let foreign = "\(it.stateDirectory)/journal/\(try #require(it.journalFiles.last))"
      it.source = source
      // In the place of the newest one, under its name or, where the numbers differ, as the one that follows.
      let place = foreign.hasSuffix(String(newest.suffix(32))) ? newest : path
      let good = try Files.read(newest)
      try Files.copy(foreign, to: place)
      let refused = try it.changeover("sync", "--until-caught-up")
      #expect(refused.status == 65, "\(refused.errors)")
      unlink(place)
      try Files.write(good, to: newest)

      try Files.write("notes", to: "\(it.stateDirectory)/journal/notes.txt")
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try it.expectEqual()
    }
  }

  @Test(.enabled(if: Scenario.isRoot, "mounting a small file system needs root"))
  func `a full disk under the journal ends the sync with the remedy, and nothing is lost`() throws {
    try Scenario.run { it in
      let disk = try SmallDisk(megabytes: 1)
      let state = disk.path + "/state"
      try it.createWritersTables(rows: 50)
      let sync = try it.startStreaming("--state", state)
      try it.sqlite(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
        INSERT INTO event SELECT 'large', randomblob(10000), i FROM n;
        """)
      #expect(try sync.wait() == 78, "\(sync.errors)")
      #expect(sync.errors.contains("free space there"), "\(sync.errors)")
      // The application goes on meanwhile.
      try it.sqlite("UPDATE slot SET holder = 'meanwhile';")
      #expect(try it.changeover("sync", "--until-caught-up", "--state", state).status == 78)
      try disk.enlarge(megabytes: 50)
      let again = try it.changeover("sync", "--until-caught-up", "--state", state)
      #expect(again.status == 0, "\(again.errors)")
      try it.expectEqual()
    }
  }
}
