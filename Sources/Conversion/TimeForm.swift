import Schema

/// What of a written time its value does not tell: the separator, how fine it is, and how its offset is written.
struct TimeForm: Equatable {
  enum Separator: UInt32 { case dateOnly, space, upper, lower }
  enum ZoneForm: UInt32 { case none, upperZ, lowerZ, colon, digits, hours }

  var separator = Separator.dateOnly
  /// 0 without seconds, 1 with seconds, 2 to 10 with one to nine digits after them.
  var precision: UInt32 = 0
  var zone = ZoneForm.none
  var hasSpaceBeforeZone = false
  var isWest = false
  /// Minutes of the offset, without sign: −00:00 is another text than +00:00.
  var offsetMinutes: UInt32 = 0

  init() {}

  init?(_ spelling: Spelling) {
    let bits = spelling.form
    guard let separator = Separator(rawValue: bits & 3), let zone = ZoneForm(rawValue: bits >> 6 & 7),
      bits >> 2 & 15 <= 10, bits >> 21 == 0
    else { return nil }
    self.separator = separator
    precision = bits >> 2 & 15
    self.zone = zone
    hasSpaceBeforeZone = bits >> 9 & 1 == 1
    isWest = bits >> 10 & 1 == 1
    offsetMinutes = bits >> 11 & 1023
    guard offsetMinutes < 16 * 60 else { return nil }
  }

  var spelling: Spelling {
    var bits = separator.rawValue | precision << 2 | zone.rawValue << 6
    bits |= (hasSpaceBeforeZone ? 1 << 9 : 0) | (isWest ? 1 << 10 : 0) | offsetMinutes << 11
    return .text(form: bits)
  }

  /// What local time is ahead of UTC.
  var offsetMicroseconds: Int64 { (isWest ? -1 : 1) * Int64(offsetMinutes) * 60_000_000 }

  var fractionDigits: Int { precision <= 1 ? 0 : Int(precision) - 1 }
}
