import Testing

/// The plain run: copy and stream under writes.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct StreamingTests {
  @Test(arguments: ["wal", "delete"])
  func `what several writers write while it copies and streams arrives`(mode: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(mode: mode)
      let writers = try (1...3).map { try it.startWriter(number: $0, rate: 170) }
      try writers[0].waitFor(50)
      let sync = try it.startStreaming()
      try writers[0].waitFor(200, since: writers[0].acknowledged)
      for writer in writers { try writer.finish() }
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test(arguments: ["wal", "delete"])
  func `a single write arrives at once, however late its commit shows`(mode: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 10, mode: mode)
      let sync = try it.startStreaming()
      try it.waitUntilCaughtUp()
      // One process that writes and one that looks, so that starting them is not measured.
      let times = try Program.run(
        [
          "python3", "-c",
          """
          import sqlite3, subprocess, sys, time
          c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
          c.execute('PRAGMA synchronous = FULL')
          psql = subprocess.Popen(['psql', '-XqAt', '-d', sys.argv[2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
          for number in range(1, 11):
              time.sleep(0.3)
              c.execute('INSERT INTO ledger VALUES (9, ?, NULL)', (number,))
              began = time.monotonic()
              while True:
                  psql.stdin.write('SELECT count(*) FROM ledger WHERE writer = 9;\\n'); psql.stdin.flush()
                  if int(psql.stdout.readline()) == number:
                      break
              print(round((time.monotonic() - began) * 1000))
          """, it.source, it.url,
        ])
      #expect(times.status == 0, "\(times.errors)")
      let milliseconds = times.output.split(separator: "\n").compactMap { Int($0) }.sorted()
      print("a single write in \(mode) mode arrives after \(milliseconds) ms")
      // The idle look comes once a second: half of ten would wait for it were writes not noticed.
      #expect(milliseconds.count == 10 && milliseconds[5] < 250)
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `until caught up ends under a writer that never rests`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      let writer = try it.startWriter(rate: 1_000)
      try writer.waitFor(50)
      for _ in 0..<2 { #expect(try it.changeover("sync", "--until-caught-up", seconds: 30).status == 0) }
      try writer.finish()
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try it.expectEqual()
    }
  }
}
