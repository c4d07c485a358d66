import Model
import Testing

@testable import Backup

/// What a restore refuses, and what it foretells.
struct RestorePlanTests {
  private static let source = RandomID(high: 1, low: 2)

  private static func manifest(
    source: RandomID? = source, sequence: Int64? = 7, isFenced: Bool = false
  ) -> BackupManifest {
    BackupManifest(
      id: RandomID(high: 3, low: 4), createdAt: "2026-01-02T03:04:05.678Z",
      source: .init(path: "/srv/app.db", id: source, isFenced: isFenced, journalMode: "wal"),
      position: sequence.map { .init(sequence: $0, nonce: "-5") },
      database: .init(bytes: 4096, pageSize: 4096, sha256: ""), schemaSHA256: "", tables: [], sqliteVersion: "3")
  }

  private static func plan(
    _ manifest: BackupManifest = manifest(), existing: RestorePlan.Existing? = nil, users: [FileUser] = [],
    isSyncRunning: Bool = false, isStateKnown: Bool = true, overFenced: Bool = false
  ) -> RestorePlan {
    RestorePlan(
      manifest: manifest, path: "/srv/app.db", existing: existing, aside: nil, users: users,
      isSyncRunning: isSyncRunning, isStateKnown: isStateKnown, overFenced: overFenced)
  }

  @Test func `nothing speaks against a place where nothing is, or a file that nobody uses`() {
    #expect(Self.plan().refusals == [])
    #expect(Self.plan(existing: .init(bytes: 1)).refusals == [])
    #expect(Self.plan(existing: .init(bytes: 1, trouble: "damaged")).refusals == [])
  }

  @Test func `refuses under a running sync and under an open application, and names it`() throws {
    let plan = Self.plan(users: [FileUser(process: 42, program: "gunicorn")], isSyncRunning: true)
    #expect(plan.refusals.count == 2)
    #expect(plan.refusals[0].contains("sync"))
    #expect(plan.refusals[1].contains("gunicorn (process 42)"))
  }

  @Test func `refuses over a file that the switch closed, unless told so`() {
    let fenced = RestorePlan.Existing(bytes: 1, source: Self.source, isFenced: true)
    #expect(Self.plan(existing: fenced).refusals.first?.contains("--over-fenced") == true)
    #expect(Self.plan(existing: fenced, overFenced: true).refusals == [])
    #expect(Self.plan(existing: fenced, overFenced: true).afterwards.contains("PostgreSQL stays the authority"))
  }

  @Test func `tells that sync goes on where nothing was logged since`() {
    let same = RestorePlan.Existing(bytes: 1, source: Self.source, position: .init(sequence: 7, nonce: "-5"))
    #expect(Self.plan(existing: same).afterwards.contains("sync goes on"))
  }

  @Test(arguments: [
    RestorePlan.Existing(bytes: 1, source: source, position: .init(sequence: 9, nonce: "1")),
    // The same number of another history.
    RestorePlan.Existing(bytes: 1, source: source, position: .init(sequence: 7, nonce: "6")),
    RestorePlan.Existing(bytes: 1, source: RandomID(high: 9, low: 9), position: .init(sequence: 7, nonce: "-5")),
    nil,
  ])
  func `tells that sync may call it an older copy, wherever that cannot be ruled out`(existing: RestorePlan.Existing?) {
    #expect(Self.plan(existing: existing).afterwards.contains("older copy"))
  }

  @Test func `tells what becomes of a backup without changeover, and of one taken after the switch`() {
    #expect(Self.plan(Self.manifest(source: nil, sequence: nil)).afterwards.contains("--reseed"))
    #expect(
      Self.plan(Self.manifest(source: nil, sequence: nil), isStateKnown: false).afterwards.contains("like any other"))
    #expect(Self.plan(Self.manifest(isFenced: true)).afterwards.contains("closed for writing, as it was then"))
  }
}
