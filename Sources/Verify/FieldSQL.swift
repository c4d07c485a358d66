import Model
import Schema

/// How the target writes a column's value as bytes: the binary form that the type sends, which `Conversion.prove` writes
/// for the source's value.
struct FieldSQL: Sendable {
  /// When not the field but its hash goes into the row's: an array holds a gigabyte at most.
  enum Digest: Sendable { case never, long, always }

  /// Fields longer than this go into a row's hash as a hash of their own.
  static let longest = 1 << 20

  let digest: Digest
  /// The field as bytea.
  let sent: String
  /// The field as it goes into a key's hash and is found again by: −0.0 is the key 0.0, and 1.50 the key 1.5.
  let keySent: String
  /// The field with the zeros that a decimal shows, where `sent` leaves them out: an image as text has them too, a REAL
  /// or an INTEGER has none, and nothing on the server tells which it was.
  let shown: String?
  /// The column's value as text, for people.
  let text: String
  private let name: String
  private let length: String

  /// - Parameter affinity: of the column in the source.
  init(_ column: ColumnPlan, affinity: Affinity) {
    let name = "t.\(PostgresText.identifier(column.targetName))"
    self.name = name
    text = "\(name)::text"
    func call(_ function: String, _ argument: String) -> String { "pg_catalog.\(function)(\(argument))" }
    length = call("octet_length", column.type == .bytea ? name : "\(name)::text")
    var number: String?
    switch column.type {
    case .smallint: (sent, digest) = (call("int2send", name), .never)
    case .integer: (sent, digest) = (call("int4send", name), .never)
    case .bigint: (sent, digest) = (call("int8send", name), .never)
    case .real:
      (sent, digest) = (call("float4send", name), .never)
      number = call("float4send", "(\(name) + 0::float4)::float4")
    case .double:
      (sent, digest) = (call("float8send", name), .never)
      number = call("float8send", "\(name) + 0::float8")
    case .numeric(nil):
      let trimmed = call("numeric_send", call("trim_scale", name))
      // With affinity TEXT all decimals are text.
      sent = affinity == .text ? call("numeric_send", name) : trimmed
      digest = .never
      number = trimmed
    case .numeric: (sent, digest) = (call("numeric_send", name), .never)
    case .boolean: (sent, digest) = (call("boolsend", name), .never)
    case .date: (sent, digest) = (call("date_send", name), .never)
    case .time: (sent, digest) = (call("time_send", name), .never)
    case .timestamp: (sent, digest) = (call("timestamp_send", name), .never)
    case .timestamptz: (sent, digest) = (call("timestamptz_send", name), .never)
    case .uuid: (sent, digest) = (call("uuid_send", name), .never)
    case .bytea: (sent, digest) = ("\(name)::bytea", .long)
    // The text would be made twice if its length were asked first.
    case .jsonb: (sent, digest) = (call("textsend", "\(name)::text"), .always)
    // A cast to text takes char(n)'s padding off.
    case .json, .text, .varchar, .char, .citext, .enumeration, .anyText, .keyText:
      (sent, digest) = (call("textsend", "\(name)::text"), .long)
    }
    keySent = number ?? sent
    shown = column.type == .numeric(nil) && affinity != .text ? call("numeric_send", name) : nil
  }

  /// Whether the field that goes into the row's hash does not show a decimal's zeros.
  var hidesZeros: Bool { shown != nil }

  /// The field, or its hash, as an element of the row's array.
  func element(seed: String) -> String { element(sent, seed) }

  func keyElement(seed: String) -> String { element(keySent, seed) }

  private func element(_ sent: String, _ seed: String) -> String {
    let hash = "pg_catalog.int8send(pg_catalog.hash_array_extended(ARRAY[\(sent)], \(seed)))"
    switch digest {
    case .never: return sent
    case .long: return "CASE WHEN \(length) > \(Self.longest) THEN \(hash) ELSE \(sent) END"
    // Of NULL too there would be a hash.
    case .always: return "CASE WHEN \(name) IS NOT NULL THEN \(hash) END"
    }
  }
}
