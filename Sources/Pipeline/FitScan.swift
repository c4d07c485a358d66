import Apply
import Capture
import Conversion
import Model
import SQLite
import Schema

/// Reads a table through once and holds every value against the column that the user made for it.
enum FitScan {
  /// Rows read in one transaction, so that none stays open for long.
  private static let chunkRows = 20_000

  /// The values of one column that do not fit, for one reason.
  struct Finding {
    let table: String
    let column: String
    let reason: String
    var rows: Int64
    /// The key of the first.
    let example: String

    var sentence: String {
      "column '\(column)' of '\(table)' \(reason): \(rows) \(rows == 1 ? "row" : "rows"), one has the key \(example)"
    }
  }

  static func scan(
    _ table: SourceTable, as plan: TablePlan, in database: borrowing Database, stop: StopSignal
  ) throws -> [Finding] {
    let codecs = try plan.columns.map { column throws(Failure) in try ColumnCodec(column) }
    let reader = ChunkReader(table)
    var findings = Findings(plan)
    var buffer = WireBuffer()
    var cursor: [Value]?
    while true {
      try stop.check()
      let statement = try reader.statement(after: cursor, limit: chunkRows, in: database)
      var count = 0
      while try statement.step() {
        count += 1
        for column in codecs.indices where plan.columns[column].isWritten {
          buffer.removeAll()
          if let misfit = append(statement, column, codecs, plan, to: &buffer) {
            findings.add(misfit, column) { reader.key(of: statement) }
          }
        }
        if count == chunkRows { cursor = reader.key(of: statement) }
      }
      if count < chunkRows { break }
    }
    return findings.all
  }

  private static func append(
    _ statement: borrowing Statement, _ column: Int, _ codecs: [ColumnCodec], _ plan: TablePlan,
    to buffer: inout WireBuffer
  ) -> Misfit? {
    switch statement.storageClass(column) {
    case .null: plan.columns[column].notNull ? .null : nil
    case .integer: Conversion.append(.integer(statement.integer(column)), as: codecs[column], to: &buffer)
    case .real: Conversion.append(.real(statement.real(column)), as: codecs[column], to: &buffer)
    case .text: Conversion.append(.text(statement.textView(column)), as: codecs[column], to: &buffer)
    case .blob: Conversion.append(.blob(statement.blobView(column)), as: codecs[column], to: &buffer)
    }
  }

  /// What was found so far, a line for each column and reason.
  private struct Findings {
    private(set) var all: [Finding] = []
    private var places: [Place: Int] = [:]
    private let plan: TablePlan

    private struct Place: Hashable {
      let column: Int
      let misfit: Misfit
    }

    init(_ plan: TablePlan) { self.plan = plan }

    mutating func add(_ misfit: Misfit, _ column: Int, key: () -> [Value]) {
      let place = Place(column: column, misfit: misfit)
      if let known = places[place] {
        all[known].rows += 1
        return
      }
      places[place] = all.count
      let example = RefusedRow(table: plan, key: key(), image: [], column: nil, reason: "").keyText
      all.append(
        Finding(
          table: plan.sourceName, column: plan.columns[column].sourceName, reason: misfit.reason, rows: 1,
          example: example))
    }
  }
}
