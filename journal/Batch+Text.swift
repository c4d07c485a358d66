import Model

/// The form that `changeover journal show` prints for people.
extension Batch {
  /// What a value of a reverse batch, which is the target's, is to people; nil for its bytes.
  package typealias Reading = (_ table: JournalTable, _ column: String, _ field: UnsafeRawBufferPointer) -> Value?

  /// Writes a line for the header and one for each row: table, operation, key, and with `values` the image.
  /// - Parameter reading: for reverse batches only.
  package borrowing func describe(
    values: Bool = false, reading: Reading = { _, _, _ in nil }, to output: (String) throws -> Void
  ) throws {
    try output(header.line + "\n")
    try withEntries { entries in
      while let entry = try entries.next() {
        switch entry {
        case .upsert(let table): try output("  " + entries.describeUpsert(table, values: values, reading) + "\n")
        case .delete(let table): try output("  " + entries.describeDelete(table, reading) + "\n")
        case .replaceTable(let table):
          try output("  replace \(EntryCursor.quoted(table.name)): its rows that do not follow are gone\n")
        }
      }
    }
  }
}

extension BatchHeader {
  /// The header in words, on one line.
  package var line: String {
    let changes = after == last ? "no change after \(after)" : "changes after \(after) to \(last)"
    let more =
      (moreFollows ? ", more follows" : "") + (keysMayRepeat ? ", keys may repeat" : "")
      + (changesSchema ? ", the schema changed" : "")
    return "group \(group) part \(part), \(direction.name), \(changes), captured \(capturedAt.text), "
      + "\(entryCount) entries, \(rawLength) bytes (\(compressedLength) in the file)\(more)"
  }
}

extension EntryCursor {
  fileprivate mutating func describeUpsert(
    _ table: JournalTable, values: Bool, _ reading: Batch.Reading
  ) throws(JournalError) -> String {
    var image: [String] = []
    for column in table.columns { image.append(try value().literal(of: column, in: table, reading)) }
    let key = table.keyPositions.map { "\(Self.quoted(table.columns[$0])) \(image[$0])" }
    var line = "upsert \(Self.quoted(table.name)) \(key.joined(separator: ", "))"
    if values {
      line += ": " + zip(table.columns, image).map { "\(Self.quoted($0)) = \($1)" }.joined(separator: ", ")
    }
    return line
  }

  fileprivate mutating func describeDelete(
    _ table: JournalTable, _ reading: Batch.Reading
  ) throws(JournalError) -> String {
    var key: [String] = []
    for position in table.keyPositions {
      let column = table.columns[position]
      key.append("\(Self.quoted(column)) \(try value().literal(of: column, in: table, reading))")
    }
    return "delete \(Self.quoted(table.name)) \(key.joined(separator: ", "))"
  }

  /// A name as it is where that is plain, otherwise in double quotes.
  fileprivate static func quoted(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
      default: false
      }
    }
    return isPlain && !name.isEmpty ? name : JSON.string(name).text
  }
}

extension ValueView {
  /// The value as `reading` has it, else as it is.
  fileprivate func literal(of column: String, in table: JournalTable, _ reading: Batch.Reading) -> String {
    guard case .blob(let bytes) = self, let value = reading(table, column, bytes) else { return literal }
    return value.withView { $0.literal }
  }

  /// The value in SQL's spelling; text that is not printable UTF-8 as its bytes.
  fileprivate var literal: String {
    switch self {
    case .null: return "NULL"
    case .integer(let value): return String(value)
    case .real(let value): return "\(value)"
    case .blob(let bytes): return "x'\(Hexadecimal.text(bytes))'"
    case .text(let bytes):
      guard let text = String(validating: bytes, as: UTF8.self),
        // A control character would end the line or move the terminal's cursor.
        text.unicodeScalars.allSatisfy({
          ![.control, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        })
      else { return "CAST(x'\(Hexadecimal.text(bytes))' AS TEXT)" }
      return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
  }
}
