import Glibc
import Testing

/// The application moves there and back while it writes: what was acknowledged is in both stores at the end, once.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct ThereAndBackTests {
  /// How long the writers write in PostgreSQL before they go back, and a tenth of it elsewhere; otherwise for a moment.
  private static let stay = Variables["CHANGEOVER_TEST_STAY_SECONDS"].flatMap(Double.init) ?? 0
  private static let rate = 100

  @Test(arguments: [true, false])
  func `every acknowledged write is in both stores after a switch, a way back and a switch again`(
    besideSync: Bool
  ) throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let writers = try RoamingWriters(it, rate: Self.rate)
      let sync = besideSync ? try it.startStreaming() : nil
      try writers.goOn()
      for (command, stay) in [("cutover", Self.stay), ("rollback", Self.stay / 10), ("cutover", Self.stay / 10)] {
        let (status, report) = try it.startCutover(
          ["--execute", "--on-switch", writers.hook], command: command
        ).finish()
        #expect(status == 0, "\(command) \(report)")
        print("\(command): pause_ms \(report.pause_ms ?? -1), refused_ms \(report.refused_ms ?? -1)")
        try writers.goOn(max(20, Int(stay * Double(Self.rate))), seconds: 60 + 3 * stay)
      }
      for writer in writers.writers { try writer.process.stop() }
      print("transactions acknowledged: \(writers.writers.map(\.acknowledged))")
      #expect(try it.isTargetWritable())
      if sync == nil { try it.copyAll() } else { try it.waitUntilBackInStep() }
      try it.expectEqual()
      try writers.finish()
      if let sync { #expect(sync.isRunning, "it went on in every direction: \(sync.everythingSaid)") }
    }
  }

  /// Case 47: to a sync that was stopped meanwhile the phase is what it was, and everything else is not.
  @Test(arguments: [["cutover", "rollback"], ["rollback", "cutover"]])
  func `a sync that slept through two switches goes on where the stores stand`(commands: [String]) throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 20)
      let isBack = commands[0] == "rollback"
      if isBack { #expect(try it.cutover("--execute", "--no-backup", "--waive", "verified").status == 0) }
      func write(_ email: String) throws {
        let statement =
          "INSERT INTO account (email) VALUES ('\(email)'); DELETE FROM slot WHERE id = \(email.utf8.count)"
        if try it.isTargetWritable() { try it.psql(statement) } else { try it.sqlite(statement) }
      }
      let sync = try it.start("sync")
      try sync.waitUntilSays(isBack ? "streaming back from" : "streaming from")
      try write("first")
      if isBack { try it.waitUntilBackInStep() } else { try it.waitUntilCaughtUp() }
      sync.send(SIGSTOP)
      try write("asleep")
      for command in commands {
        let (status, report) = try it.startCutover(
          ["--execute"] + (command == "cutover" ? ["--no-backup", "--waive", "verified"] : []), command: command
        ).finish()
        #expect(status == 0, "\(command) \(report)")
        try write("after \(command)")
      }
      sync.send(SIGCONT)
      try write("awake")
      if isBack { try it.waitUntilBackInStep() } else { try it.waitUntilCaughtUp() }
      try it.expectEqual()
      #expect(try it.sqlite("SELECT count(*) FROM account WHERE email NOT LIKE '%@x'") == "5")
      #expect(sync.isRunning, "\(sync.everythingSaid)")
    }
  }

  @Test func `ten times there and back with writers ends equal`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let writers = try RoamingWriters(it, count: 2, rate: 60)
      let sync = try it.startStreaming()
      var pauses: [String: [Double]] = [:]
      for _ in 1...10 {
        for command in ["cutover", "rollback"] {
          try writers.goOn(5)
          // The first one compares and copies the file; the others would only repeat it.
          let (status, report) = try it.startCutover(
            ["--execute", "--on-switch", writers.hook]
              + (command == "cutover" ? ["--no-backup", "--waive", "verified"] : []),
            command: command
          ).finish()
          #expect(status == 0, "\(command) \(report)")
          try #require(sync.isRunning, "after \(command): \(sync.everythingSaid)")
          pauses[command, default: []].append(report.pause_ms ?? -1)
        }
      }
      try writers.goOn(5)
      for writer in writers.writers { try writer.process.stop() }
      for (command, figures) in pauses.sorted(by: { $0.key < $1.key }) {
        print("\(command): pause_ms median \(figures.sorted()[figures.count / 2]), most \(figures.max() ?? 0)")
      }
      #expect(try it.isSourceWritable())
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      try writers.finish()
      #expect(sync.isRunning, "\(sync.everythingSaid)")
    }
  }
}

extension Scenario {
  /// After the switch: waits until SQLite has everything that PostgreSQL has now.
  func waitUntilBackInStep(seconds: Double = 60) throws {
    var last = ""
    try Waiting.until("SQLite has everything", seconds: seconds, details: { last }) {
      let lag = try lag()
      last = "\(lag)"
      return lag.changes == 0 && lag.state == "reversed"
    }
  }
}
