import Conversion
import Journal
import Model
import Postgres
import Schema

/// Rows brought to a table in such a way that those which the server refuses are told apart from the others: staged, then
/// inserted by halving. All of it in the caller's transaction.
struct Trial {
  let sql: TableSQL
  let codecs: [ColumnCodec]
  private let staged: [Int]
  private let width: RowWidth
  private var rows: Int64 = 0
  /// Whether rows are measured: a run failed for one that is wider than a page.
  var measures = false

  init(_ plan: TablePlan, schema: String) throws(Failure) {
    sql = TableSQL(plan, schema: schema)
    codecs = try plan.columns.map { column throws(Failure) in try ColumnCodec(column) }
    staged = plan.stagedPositions
    width = RowWidth(staged.map { plan.columns[$0] })
  }

  mutating func begin(_ stream: inout CopyStream, on connection: inout Connection) throws(PostgresError) {
    rows = 0
    try connection.execute(sql.createTrial)
    try stream.begin(sql.copyTrial, fieldCount: staged.count + TableSQL.trialColumns, on: &connection)
  }

  /// Why a row is not staged.
  enum Refusal {
    case misfit(column: Int, Misfit)
    case tooWide
  }

  /// Appends a row, or says why it cannot be.
  mutating func append(_ image: [Value], to stream: inout CopyStream) -> Refusal? {
    let start = stream.beginRow()
    stream.buffer.append(bigEndian: Int32(8))
    stream.buffer.append(bigEndian: rows)
    for column in staged {
      var misfit: Misfit? = image[column].isNull && sql.plan.columns[column].notNull ? .null : nil
      if misfit == nil {
        misfit = image[column].withView { Conversion.append($0, as: codecs[column], to: &stream.buffer) }
      }
      guard let misfit else { continue }
      stream.buffer.truncate(to: start)
      return .misfit(column: column, misfit)
    }
    if measures, width.exceedsPage(stream.buffer.bytes, from: start, leading: 1) {
      stream.buffer.truncate(to: start)
      return .tooWide
    }
    let key = sql.plan.keyPositions.map { image[$0] }
    for bytes in [ValueList.encode(key), Array(KeyText.text(of: key).utf8), ValueList.encode(image)] {
      stream.buffer.append(bigEndian: Int32(truncatingIfNeeded: bytes.count))
      stream.buffer.append(bytes)
    }
    rows += 1
    return nil
  }

  /// Ends the staging and inserts what the server takes.
  func run(_ stream: inout CopyStream, on connection: inout Connection) throws(PostgresError) {
    try stream.end(on: &connection)
    try connection.execute(sql.insertTried)
  }
}
