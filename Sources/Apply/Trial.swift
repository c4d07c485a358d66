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
  private var rows: Int64 = 0

  init(_ plan: TablePlan, schema: String) throws(Failure) {
    sql = TableSQL(plan, schema: schema)
    codecs = try plan.columns.map { column throws(Failure) in try ColumnCodec(column) }
    staged = plan.stagedPositions
  }

  mutating func begin(_ stream: inout CopyStream, on connection: inout Connection) throws(PostgresError) {
    rows = 0
    try connection.execute(sql.createTrial)
    try stream.begin(sql.copyTrial, fieldCount: staged.count + TableSQL.trialColumns, on: &connection)
  }

  /// Appends a row, or says which column it does not fit.
  mutating func append(_ image: [Value], to stream: inout CopyStream) -> (column: Int, misfit: Misfit)? {
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
      return (column, misfit)
    }
    let key = sql.plan.keyPositions.map { image[$0] }
    for bytes in [ValueList.encode(key), Array(RefusedRow.text(ofKey: key).utf8), ValueList.encode(image)] {
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

extension Value {
  /// Lends the value.
  func withView<R>(_ body: (ValueView) -> R) -> R {
    switch self {
    case .null: body(.null)
    case .integer(let integer): body(.integer(integer))
    case .real(let bits): body(.real(Double(bitPattern: bits)))
    case .text(let bytes): bytes.withUnsafeBytes { body(.text($0)) }
    case .blob(let bytes): bytes.withUnsafeBytes { body(.blob($0)) }
    }
  }
}
