import Glibc
import TestSupport

/// The application: Python processes that write to the SQLite file (Tests/Support/scenario_writer.py).
struct PythonWriter {
  let process: ChildProcess
  /// Where it notes what was acknowledged to it: a number a line.
  let log: String

  /// Transactions acknowledged so far.
  var acknowledged: Int { Files.text(log).utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) } }

  /// Waits until so many more transactions than `from` were acknowledged.
  func waitFor(_ transactions: Int, since from: Int = 0, seconds: Double = 60) throws {
    try Waiting.until(
      "\(transactions) transactions more than \(from)", seconds: seconds, details: { process.everythingSaid }
    ) {
      if !process.isRunning, acknowledged < from + transactions {
        throw ChildProcess.StillRunning(what: "(ended early) the writer", seconds: 0, output: process.everythingSaid)
      }
      return acknowledged >= from + transactions
    }
  }

  /// Asks it to end after its transaction; what it said in the end: a JSON object.
  @discardableResult
  func finish() throws -> String {
    let status = try process.stop(seconds: 30)
    guard status == 0 else {
      throw Program.Failed(
        what: "the writer", result: .init(status: status, output: process.output, errors: process.errors))
    }
    return process.output.trimmed
  }
}

extension Scenario {
  /// Creates the writer's tables with some rows in the SQLite file.
  func createWritersTables(rows: Int = 500, mode: String = "wal") throws {
    try Program.python("scenario_writer.py", ["create", source, "--rows", "\(rows)", "--mode", mode])
  }

  /// Starts a writer; several may write at a time, with a number each.
  func startWriter(
    number: Int = 1, rate: Int = 500, transactions: Int? = nil, busyTimeout: Double = 10, seed: UInt64 = 1
  ) throws -> PythonWriter {
    let log = "\(directory)/writer-\(number).log"
    var command = [
      "python3", "\(Files.checkout)/Tests/Support/scenario_writer.py", "write", source, "--log", log, "--number",
      "\(number)", "--rate", "\(rate)", "--busy-timeout", "\(busyTimeout)", "--seed", "\(seed)",
    ]
    if let transactions { command += ["--transactions", "\(transactions)"] }
    return PythonWriter(process: try spawn(command), log: log)
  }
}
