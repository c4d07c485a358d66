import FoundationEssentials
import Model

/// The JSON form of a batch, read back so that two texts can be compared by what they say.
struct BatchJSON: Codable, Equatable {
  var group: Int64
  var part: UInt32
  var direction: String
  var moreFollows: Bool
  var keysMayRepeat: Bool
  var source: String
  var after: Int64
  var last: Int64
  var nonce: Int64
  var capturedAt: Int64
  var previousLookAt: Int64
  var schemaFingerprint: String
  var entries: [Entry]

  enum CodingKeys: String, CodingKey {
    case group, part, direction, source, after, last, nonce, entries
    case moreFollows = "more_follows"
    case keysMayRepeat = "keys_may_repeat"
    case capturedAt = "captured_at_us"
    case previousLookAt = "previous_look_at_us"
    case schemaFingerprint = "schema_fingerprint"
  }

  /// An entry; which fields are there depends on `op`.
  struct Entry: Codable, Equatable {
    var op: String
    var id: Int64?
    var name: String?
    var columns: [String]?
    var table: String?
    var values: [Item?]?
    var change: String?
    /// Positions in a declaration, values in a delete.
    var key: Key?
  }

  /// The `key` field: integers after `table`, values after `delete`.
  enum Key: Codable, Equatable {
    case positions([Int])
    case values([Item?])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let positions = try? container.decode([Int].self) {
        self = .positions(positions)
      } else {
        self = .values(try container.decode([Item?].self))
      }
    }

    func encode(to encoder: any Encoder) throws { fatalError("only read") }
  }

  /// A value that is not null: one field, named by the class.
  struct Item: Codable, Equatable {
    var integer: Int64?
    var real: String?
    var text: String?
    var text_hex: String?
    var blob: String?

    var value: Value? {
      if let integer { return .integer(integer) }
      if let real { return UInt64(real, radix: 16).map { .real(bits: $0) } }
      if let text { return .text(text) }
      if let text_hex { return .text(bytes(text_hex)) }
      if let blob { return .blob(bytes(blob)) }
      return nil
    }

    private func bytes(_ digits: String) -> [UInt8] {
      let digits = Array(digits.utf8)
      return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) ?? 0
      }
    }
  }

  init(_ text: String) throws {
    self = try JSONDecoder().decode(BatchJSON.self, from: Data(text.utf8))
  }
}
