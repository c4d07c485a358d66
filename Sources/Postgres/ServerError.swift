import CPostgres

/// An error that the server reported.
///
/// Only `description` and what it is made of may be shown: the server's own text often holds row values
/// (`invalid input syntax for type integer: "…"`, `Key (id)=(5) already exists`).
package struct ServerError: Error, Sendable {
  /// Five characters (PostgreSQL's Appendix A), or "00000" where none came.
  package var sqlState: String
  /// ERROR, FATAL or PANIC, not translated.
  package var severity: String
  /// The server's own text, which may hold row values and may be translated. For decisions, never for showing.
  package var message: String
  /// May hold row values, as `message` may.
  package var detail: String?
  package var hint: String?
  package var schema: String?
  package var table: String?
  package var column: String?
  package var dataType: String?
  package var constraint: String?
  /// In COPY the number of the row, counted from 1, where the server named one.
  package var copyRow: Int?
  /// In a pipeline the number of the statement, counted from 0.
  package var statement: Int?

  package init(sqlState: String, severity: String = "ERROR", message: String = "") {
    self.sqlState = sqlState
    self.severity = severity
    self.message = message
  }

  /// Reads the fields of a result that is an error. The result stays the caller's.
  init(_ result: OpaquePointer) {
    func field(_ code: Character) -> String? {
      guard let code = code.asciiValue, let text = PQresultErrorField(result, Int32(code)) else { return nil }
      return String(cString: text)
    }
    sqlState = field("C") ?? "00000"
    severity = field("V") ?? "ERROR"
    message = field("M") ?? ""
    detail = field("D")
    hint = field("H")
    schema = field("s")
    table = field("t")
    column = field("c")
    dataType = field("d")
    constraint = field("n")
    copyRow = field("W").flatMap(Self.copyRow(in:))
  }

  /// The row in a context line such as `COPY orders, line 17, column total: "…"`. The word for "line" is translated,
  /// so the first number that ends a part is
  /// taken: a hint, where the table's name has such a part itself.
  static func copyRow(in context: String) -> Int? {
    let line = context.utf8.prefix { $0 != UInt8(ascii: "\n") }
    guard line.starts(with: "COPY ".utf8) else { return nil }
    for part in line.split(separator: UInt8(ascii: ",")).dropFirst() {
      let words = part.split(separator: UInt8(ascii: " "), maxSplits: 1)
      guard words.count == 2 else { continue }
      let digits = words[1].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      let isWhole = digits.count == words[1].count || words[1][digits.endIndex] == UInt8(ascii: ":")
      if isWhole, let row = Int(String(decoding: digits, as: UTF8.self)) { return row }
    }
    return nil
  }
}

extension ServerError: CustomStringConvertible, CustomDebugStringConvertible {
  /// What may be shown: `unique violation on constraint "orders_pkey" of table "orders" (SQLSTATE 23505)`.
  package var description: String {
    var text = message
    if Self.mayHoldValues(sqlState) || message.isEmpty {
      text = Self.conditionName(sqlState)
      if let constraint { text += " on constraint \"\(constraint)\"" }
      if let column { text += " in column \"\(column)\"" }
      if let table { text += " of table \"\(table)\"" }
    }
    if let copyRow { text += ", row \(copyRow) of the copy" }
    return text + " (SQLSTATE \(sqlState))"
  }

  package var debugDescription: String { description }

  /// Data exceptions (22), constraint violations (23) and what users' functions raise (P0, 38 and any other) quote values
  /// in their text; so only classes that speak of the server and its objects are trusted, and CO, which changeover's
  /// own functions raise.
  static func mayHoldValues(_ sqlState: String) -> Bool { !wordyClasses.contains(String(sqlState.prefix(2))) }

  private static let wordyClasses: Set<String> = [
    "08", "0A", "21", "25", "28", "2B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "CO", "F0", "XX",
  ]
}
