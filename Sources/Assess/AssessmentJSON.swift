import Model
import Schema

extension Assessment {
  /// The report for programs. Its fields stay; more may be added.
  package func json(showsValues: Bool = false) -> JSON {
    .object([
      ("go", .bool(isGo)),
      ("source", source.json),
      (
        "tables",
        .array(tables.map { table in table.json(findings: findings(on: table.name), showsValues: showsValues) })
      ),
      ("findings", .array(findings.map(\.json))),
      ("estimate", estimate.json),
    ])
  }
}

extension Finding {
  var json: JSON {
    var fields: [(String, JSON)] = [
      ("kind", .string(kind.rawValue)), ("severity", .string(severity.rawValue)),
      ("table", table.map { .string($0) } ?? .null), ("column", column.map { .string($0) } ?? .null),
      ("text", .string(text)), ("remedy", .string(remedy)), ("count", count.map { .integer($0) } ?? .null),
      ("example_key", exampleKey.map { .string($0) } ?? .null),
    ]
    if let exampleValue { fields.append(("example_value", .string(exampleValue))) }
    return .object(fields)
  }
}

extension AssessedTable {
  fileprivate func json(findings: [Finding], showsValues: Bool) -> JSON {
    .object([
      ("name", .string(name)), ("target_name", .string(targetName)), ("rows", .integer(rows)),
      ("key", .array(key.map { .string($0) })),
      (
        "columns",
        .array(columns.map { column in column.json(findings.filter { $0.column == column.name }, showsValues) })
      ),
      ("findings", .array(findings.map(\.json))),
    ])
  }
}

extension AssessedColumn {
  fileprivate func json(_ findings: [Finding], _ showsValues: Bool) -> JSON {
    var fields: [(String, JSON)] = [
      ("name", .string(name)), ("target_name", .string(targetName)), ("declared", .string(declared)),
      ("target_type", .string(typeName)),
      (
        "classes",
        .object(StorageClass.allCases.map { (String(describing: $0), .integer(facts.counts[$0])) })
      ),
      ("least_integer", facts.integers.map { .integer($0.lowerBound) } ?? .null),
      ("greatest_integer", facts.integers.map { .integer($0.upperBound) } ?? .null),
      ("least_real", facts.reals.map { .number($0.lowerBound) } ?? .null),
      ("greatest_real", facts.reals.map { .number($0.upperBound) } ?? .null),
      ("longest_text", .integer(Int64(facts.longestText))), ("longest_blob", .integer(Int64(facts.longestBlob))),
      ("misfits", .integer(misfits)), ("findings", .array(findings.map(\.json))),
    ]
    if showsValues {
      func text(_ bytes: [UInt8]?) -> JSON { bytes.map { .string(String(decoding: $0, as: UTF8.self)) } ?? .null }
      fields += [("least_text", text(facts.leastText)), ("greatest_text", text(facts.greatestText))]
    }
    return .object(fields)
  }
}

extension SourceProfile {
  fileprivate var json: JSON {
    .object([
      ("path", .string(path)), ("bytes", .integer(bytes)), ("used_bytes", .integer(usedBytes)),
      ("page_size", .integer(pageSize)), ("encoding", .string(encoding)), ("journal_mode", .string(journalMode)),
      ("sample_rows", sampleRows.map { .integer($0) } ?? .null),
    ])
  }
}

extension MoveEstimate {
  fileprivate var json: JSON {
    .object([
      ("scan_seconds", .number(scanSeconds)), ("copy_seconds", copySeconds.map { .number($0) } ?? .null),
      ("target_bytes", .integer(targetBytes)),
    ])
  }
}
