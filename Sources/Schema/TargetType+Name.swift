/// The type's name in plans and settings.
extension TargetType: Codable, CustomStringConvertible {
  private static let plain: [(name: String, type: TargetType)] = [
    ("smallint", .smallint), ("integer", .integer), ("bigint", .bigint), ("real", .real), ("double precision", .double),
    ("numeric", .numeric(nil)), ("boolean", .boolean), ("date", .date), ("time", .time), ("timestamp", .timestamp),
    ("timestamptz", .timestamptz), ("uuid", .uuid), ("json", .json), ("jsonb", .jsonb), ("bytea", .bytea),
    ("text", .text), ("citext", .citext), ("enum", .enumeration), ("any text", .anyText), ("key text", .keyText),
  ]

  /// What else PostgreSQL calls the same.
  private static let synonyms = [
    "int2": "smallint", "int": "integer", "int4": "integer", "int8": "bigint", "float4": "real",
    "double": "double precision",
    "float8": "double precision", "decimal": "numeric", "bool": "boolean", "time without time zone": "time",
    "timestamp without time zone": "timestamp", "timestamp with time zone": "timestamptz",
    "character varying": "varchar",
    "character": "char",
  ]

  @usableFromInline package var description: String {
    switch self {
    case .numeric(let limits?): return "numeric(\(limits.precision),\(limits.scale))"
    case .varchar(let length): return "varchar(\(length))"
    case .char(let length): return "char(\(length))"
    default: return Self.plain.first { $0.type == self }?.name ?? sql
    }
  }

  /// The type of that name, as people and PostgreSQL write it; nil for what is none of ours.
  package init?(_ text: String) {
    let parts = text.lowercased().split(separator: "(", omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 2 else { return nil }
    let words = first.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let name = Self.synonyms[words] ?? words
    guard parts.count == 2 else {
      guard let found = Self.plain.first(where: { $0.name == name }) else { return nil }
      self = found.type
      return
    }
    guard parts[1].last == ")" else { return nil }
    let arguments = parts[1].dropLast().split(separator: ",").map { part in
      Int(part.filter { !$0.isWhitespace })
    }
    switch (name, arguments.count) {
    case ("numeric", 1), ("numeric", 2):
      guard let precision = arguments[0], let scale = arguments.count == 2 ? arguments[1] : 0,
        let limits = NumericLimits(precision: precision, scale: scale)
      else { return nil }
      self = .numeric(limits)
    case ("varchar", 1), ("char", 1):
      guard let length = arguments[0], (1...10_485_760).contains(length) else { return nil }
      self = name == "char" ? .char(Int32(length)) : .varchar(Int32(length))
    default: return nil
    }
  }

  @usableFromInline package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let type = TargetType(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no type")
    }
    self = type
  }

  @usableFromInline package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
