import Journal
import Model
import SQLite
import Synchronization
import TestSupport
import Testing

@testable import Capture

/// A source with changeover installed, its journal, and the replica that the journal adds up to.
final class Bench {
  let directory: TemporaryDirectory
  let path: String
  /// The connection that captures.
  let database: Database
  let journal: JournalDirectory
  let stop = StopSignal()
  let clock = TestClock()
  private(set) var installation: SourceInstallation
  /// What became of tables since the application changed its schema, the newest last.
  private(set) var steps: [TableStep] = []
  var policy = SchemaPolicy.forward
  var isCopying = false
  private let selection: TableSelection
  let leftOut: [SourceCatalogue.LeftOut]
  private(set) var replica: Replica
  private var capturer: Capturer
  private var appliedGroup = GroupNumber(0)

  /// `prepare` are statements that the application ran before changeover came.
  convenience init(
    _ prepare: [String], journalMode: String = "wal", selection: TableSelection = TableSelection(),
    keyedByRowid: Set<String> = []
  ) throws {
    let directory = try TemporaryDirectory()
    try Self.prepare(Database(path: directory.file("shop.db"), access: .create), prepare, journalMode: journalMode)
    try self.init(in: directory, selection: selection, keyedByRowid: keyedByRowid)
  }

  /// Installs changeover in the directory's `shop.db`.
  init(
    in directory: TemporaryDirectory, selection: TableSelection = TableSelection(), keyedByRowid: Set<String> = []
  ) throws {
    self.directory = directory
    self.selection = selection
    path = directory.file("shop.db")
    database = try Database(path: path, access: .readWrite)
    journal = try JournalDirectory(creating: directory.file("journal"))
    var catalogue = try SourceCatalogue.read(database, selection: selection)
    leftOut = catalogue.leftOut
    for index in catalogue.tables.indices where keyedByRowid.contains(catalogue.tables[index].name) {
      catalogue.tables[index].key = try #require(KeyChoice.rowidKey(of: catalogue.tables[index]))
    }
    installation = try SourceInstallation.install(catalogue.tables, owner: .random(), in: database)
    // The first copy: whatever was written since the installation comes again with the first group.
    replica = try Replica(of: installation.tables, in: database)
    capturer = try Capturer(
      installation: installation, position: installation.base, journal: journal, clock: clock, stop: stop, in: database,
      describe: Replica.describe)
  }

  static func prepare(_ database: borrowing Database, _ statements: [String], journalMode: String) throws {
    // An encoding must be chosen before the first page is written.
    let (first, rest) = (statements.prefix { $0.hasPrefix("PRAGMA") }, statements.drop { $0.hasPrefix("PRAGMA") })
    for statement in first { try database.execute(statement) }
    _ = try database.string("PRAGMA journal_mode = \(journalMode)")
    for statement in rest { try database.execute(statement) }
  }

  var position: Position { capturer.position }
  var lookedAt: Instant { capturer.lookedAt }

  func table(_ name: String) throws -> SourceTable {
    try #require(installation.tables.first { $0.name == name })
  }

  /// Captures a group and applies it to the replica.
  @discardableResult func capture() throws -> Capturer.Captured? {
    try capture(from: database)
  }

  @discardableResult func capture(from database: borrowing Database) throws -> Capturer.Captured? {
    try capturer.resume(applied: capturer.position)
    while true {
      do {
        let captured = try capturer.capture(from: database)
        try applyJournal()
        return captured
      } catch is SchemaMoved {
        try takeUpSchema(in: database)
      }
    }
  }

  /// What the sync does about a schema that moved, without the group that carries it along.
  func takeUpSchema(in database: borrowing Database) throws {
    let outcome = try SchemaTakeUp(selection: selection, policy: policy, isCopying: isCopying).run(in: database)
    steps += outcome.steps
    try restart(outcome.installation, in: database)
  }

  /// Captures from here on as a process that starts now would.
  func restart(_ now: SourceInstallation? = nil, in database: borrowing Database) throws {
    let current = try SourceInstallation.read(database)
    installation = try now ?? #require(current)
    capturer = try Capturer(
      installation: installation, position: capturer.position, journal: journal, clock: clock, stop: stop, in: database,
      describe: Replica.describe)
    try capturer.resume(applied: capturer.position)
  }

  /// The step that was taken last for a table.
  func lastStep(_ name: String) -> TableStep.Action? { steps.last { $0.name == name }?.action }

  func captureWithoutResuming() throws { _ = try capturer.capture(from: database) }

  func hasNews() throws -> Bool { try capturer.hasNews(in: database) }

  /// Another process that captures into the same journal, and stops as it likes.
  func otherCapturer(stop: StopSignal = StopSignal()) throws -> Capturer {
    try Capturer(
      installation: installation, position: installation.base, journal: journal, clock: clock, stop: stop, in: database)
  }

  func applyJournal() throws {
    for group in try journal.groups(after: appliedGroup) {
      var seen: Set<[Value]> = []
      for part in group.parts { try replica.apply(journal.batch(part), seen: &seen) }
      appliedGroup = group.number
    }
  }

  /// What the journal adds up to is what the source holds, value for value.
  func expectInStep(_ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws {
    let source = try Replica(of: installation.tables, in: database)
    let differences = replica.differences(from: source)
    #expect(differences.isEmpty, "\(comment)", sourceLocation: sourceLocation)
  }
}

/// A clock that goes on by a second whenever it is asked.
final class TestClock: WallClock {
  private let seconds = Atomic<Int64>(1_000)
  var now: Instant {
    Instant(microseconds: seconds.wrappingAdd(1, ordering: .relaxed).newValue * 1_000_000)
  }
}

extension Bench {
  /// The number of the change that is `count` after installation.
  func change(_ count: Int64) -> ChangeNumber { ChangeNumber(installation.base.sequence.rawValue + count) }
}
