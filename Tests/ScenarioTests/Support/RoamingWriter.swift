import Glibc
import TestSupport
import Testing

/// The application that goes wherever the switch hook tells it to (Tests/Support/roaming_writer.py).
struct RoamingWriters {
  let writers: [PythonWriter]
  private let it: Scenario
  private let place: String

  /// The hook for both commands: it tells the writers where to go.
  var hook: String { "echo $CHANGEOVER_AUTHORITY > \(place).new && mv \(place).new \(place)" }

  /// Writers with an account each; the tables are those of `createWritersTables`.
  init(_ it: Scenario, count: Int = 3, rate: Int = 100) throws {
    self.it = it
    let place = "\(it.directory)/place"
    self.place = place
    try Files.write("sqlite\n", to: place)
    writers = try (1...count).map { number in
      try it.sqlite("INSERT INTO account (email, balance) VALUES ('writer-\(number)', 0)")
      let log = "\(it.directory)/roaming-\(number).log"
      let command = [
        "python3", "\(Files.checkout)/Tests/Support/roaming_writer.py", it.source, "--url",
        it.server.url(database: it.database), "--place", place, "--log", log, "--number", "\(number)", "--rate",
        "\(rate)",
        "--psql", it.server.programs.map { $0 + "/psql" } ?? "psql",
      ]
      return PythonWriter(process: try it.spawn(command), log: log)
    }
  }

  /// Waits until each has written so many transactions more.
  func goOn(_ transactions: Int = 20, seconds: Double = 60) throws {
    let before = writers.map(\.acknowledged)
    for (writer, count) in zip(writers, before) { try writer.waitFor(transactions, since: count, seconds: seconds) }
  }

  /// Ends them, and expects everything acknowledged to be in both stores, once.
  func finish(sourceLocation: SourceLocation = #_sourceLocation) throws {
    for writer in writers { try writer.finish() }
    for (index, writer) in writers.enumerated() {
      let number = index + 1
      let query = """
        SELECT count(*), max(number) FROM ledger WHERE writer = \(number);
        SELECT count(*), count(DISTINCT at) FROM event WHERE kind = 'ledger-\(number)';
        SELECT CAST(balance AS INTEGER) FROM account WHERE email = 'writer-\(number)';
        """
      let count = writer.acknowledged
      let expected = "\(count)|\(count)\n\(count)|\(count)\n\(count)"
      #expect(try it.sqlite(query) == expected, "SQLite, writer \(number)", sourceLocation: sourceLocation)
      #expect(try it.psql(query) == expected, "PostgreSQL, writer \(number)", sourceLocation: sourceLocation)
    }
  }
}
