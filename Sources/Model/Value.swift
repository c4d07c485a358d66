/// A SQLite value as stored: its storage class, and for TEXT and BLOB its bytes untouched.
///
/// TEXT is bytes, not `String`: SQLite stores whatever it is given, NUL and invalid UTF-8 included.
package enum Value: Sendable, Hashable, Codable {
  case null
  case integer(Int64)
  /// The eight bytes of the double decide equality, so that −0.0 and 0.0 differ and a NaN equals itself.
  case real(bits: UInt64)
  case text([UInt8])
  case blob([UInt8])

  package static func real(_ value: Double) -> Value { .real(bits: value.bitPattern) }
  package static func text(_ string: String) -> Value { .text(Array(string.utf8)) }

  package var isNull: Bool { self == .null }
}

/// The five storage classes of SQLite (https://www.sqlite.org/datatype3.html).
@usableFromInline package enum StorageClass: UInt8, Sendable, Hashable, Codable, CaseIterable {
  case null, integer, real, text, blob
}

/// A set of storage classes: what a column was seen to hold.
package struct StorageClasses: OptionSet, Sendable, Hashable, Codable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  package init(_ one: StorageClass) { self.init(rawValue: 1 << one.rawValue) }

  package static let null = StorageClasses(.null)
  package static let integer = StorageClasses(.integer)
  package static let real = StorageClasses(.real)
  package static let text = StorageClasses(.text)
  package static let blob = StorageClasses(.blob)
}
