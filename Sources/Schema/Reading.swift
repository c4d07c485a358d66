/// How a column's values are to be read where SQLite itself does not say.
package struct Reading: Sendable, Hashable, Codable {
  /// What a number in a date or time column counts.
  package enum Numbers: String, Sendable, Hashable, Codable, CaseIterable {
    /// Since 1970-01-01 00:00 UTC.
    case seconds, milliseconds, microseconds
    /// Days since noon of -4713-11-24 (proleptic Gregorian), as SQLite's julianday() has it.
    case julianDay = "julian-day"
  }

  /// What becomes of text with a NUL character, which PostgreSQL's text cannot hold.
  package enum NUL: String, Sendable, Hashable, Codable, CaseIterable {
    /// The row goes to the quarantine.
    case fail
    /// The NUL characters are left out.
    case strip
    /// The column becomes bytea and takes the bytes of TEXT as they are.
    case bytea
  }

  /// What becomes of '' in a column whose type has no such value.
  package enum Empty: String, Sendable, Hashable, Codable, CaseIterable {
    case quarantine, null
  }

  /// Nil: numbers do not fit.
  package var numbers: Numbers?
  /// The pattern of text times, as strptime has it (`%d.%m.%Y %H:%M`); nil for ISO 8601 in all its spellings.
  package var format: String?
  /// The zone of times without an offset, by its name in the zone database; nil where there are none, or UTC.
  package var zone: String?
  package var nul: NUL
  package var empty: Empty
  /// The only spelling that the column takes, where two spellings of one value must not meet: in keys.
  package var spelling: Spelling?

  package init(
    numbers: Numbers? = nil, format: String? = nil, zone: String? = nil, nul: NUL = .fail, empty: Empty = .quarantine,
    spelling: Spelling? = nil
  ) {
    self.numbers = numbers
    self.format = format
    self.zone = zone
    self.nul = nul
    self.empty = empty
    self.spelling = spelling
  }
}

/// How a source writes a value that its target type has only one form of: the storage class, and of text whatever the
/// type's codec tells apart ('T' or space, digits of the fraction, dashes and case of a UUID). Value and spelling
/// together are the image.
@usableFromInline package struct Spelling: Sendable, Hashable, Codable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }
}
