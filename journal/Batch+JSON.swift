import Model

/// The form that `changeover journal show --json` prints: one object a batch, on one line.
extension Batch {
  /// Writes the batch piece by piece, so that a large one takes no more memory than its longest value.
  package borrowing func writeJSON(to output: (String) throws -> Void) throws {
    try output(header.jsonFields + ",\"entries\":[")
    try withEntries { entries in
      var separator = ""
      while let text = try entries.nextJSON() {
        try output(separator + text)
        separator = ","
      }
    }
    try output("]}\n")
  }
}

extension BatchHeader {
  /// The fields of the header, with the brace that opens the object.
  fileprivate var jsonFields: String {
    var fields: [(String, JSON)] = [
      ("group", .integer(group.rawValue)),
      ("part", .integer(Int64(part))),
      ("direction", .string(direction.name)),
      ("more_follows", .bool(moreFollows)),
      ("keys_may_repeat", .bool(keysMayRepeat)),
      ("source", .string(source.description)),
      ("after", .integer(after.rawValue)),
      ("last", .integer(last.rawValue)),
      ("nonce", .integer(nonce)),
      ("captured_at_us", .integer(capturedAt.microseconds)),
      ("previous_look_at_us", .integer(previousLookAt.microseconds)),
      ("schema_fingerprint", .string(Hexadecimal.text(schemaFingerprint))),
    ]
    if changesSchema { fields.append(("changes_schema", .bool(true))) }
    return String(JSON.object(fields).text.dropLast())
  }
}

extension EntryCursor {
  /// The next entry, a declaration too; nil after the last.
  fileprivate mutating func nextJSON() throws(JournalError) -> String? {
    switch try advance() {
    case .end:
      return nil
    case .declared(let table):
      return JSON.object([
        ("op", .string("table")), ("id", .integer(table.id.rawValue)), ("name", .string(table.name)),
        ("columns", .array(table.columns.map { .string($0) })),
        ("key", .array(table.keyPositions.map { .integer(Int64($0)) })),
      ]).text
    case .schema(let change):
      return JSON.object([("op", .string("schema")), ("change", .string(change))]).text
    case .row(.upsert(let table)):
      return try json(op: "upsert", table, "values", count: table.columns.count)
    case .row(.delete(let table)):
      return try json(op: "delete", table, "key", count: table.keyPositions.count)
    case .row(.replaceTable(let table)):
      return JSON.object([("op", .string("replace")), ("table", .string(table.name))]).text
    }
  }

  private mutating func json(
    op: String, _ table: JournalTable, _ field: String, count: Int
  ) throws(JournalError) -> String {
    var text = "{\"op\":\"\(op)\",\"table\":\(JSON.string(table.name).text),\"\(field)\":["
    for index in 0..<count {
      if index > 0 { text += "," }
      text += try value().json
    }
    return text + "]}"
  }
}

extension ValueView {
  /// The value with its storage class; a real by its bits, which are exact.
  fileprivate var json: String {
    switch self {
    case .null: return "null"
    case .integer(let value): return "{\"integer\":\(value)}"
    case .real(let value): return "{\"real\":\"\(Hexadecimal.text(value.bitPattern))\"}"
    case .text(let bytes):
      guard let text = String(validating: bytes, as: UTF8.self) else {
        return "{\"text_hex\":\"\(Hexadecimal.text(bytes))\"}"
      }
      return "{\"text\":\(JSON.string(text).text)}"
    case .blob(let bytes): return "{\"blob\":\"\(Hexadecimal.text(bytes))\"}"
    }
  }
}
