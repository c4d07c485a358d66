import Model

/// The zone of local times: UTC, a fixed offset, or a name of the zone database.
enum Zone: Sendable {
  /// Seconds ahead of UTC.
  case fixed(Int64)
  case file(ZoneFile)

  /// - Throws: `Failure` where there is no such zone.
  init(_ name: String) throws(Failure) {
    if name.isEmpty || ["UTC", "GMT", "Z"].contains(name.uppercased()) {
      self = .fixed(0)
    } else if let seconds = Self.offset(name) {
      self = .fixed(seconds)
    } else {
      self = .file(try ZoneFile(name: name))
    }
  }

  /// `+02:00`, `-0530`, `+02`.
  private static func offset(_ name: String) -> Int64? {
    var name = name
    return name.withUTF8 { bytes in
      var scanner = TimeScanner(UnsafeRawBufferPointer(bytes))
      var form = TimeForm()
      guard scanner.next != UInt8(ascii: "Z"), scanner.zone(&form), scanner.isAtEnd else { return nil }
      return form.offsetMicroseconds / 1_000_000
    }
  }

  /// What local time is ahead of UTC, in seconds, at a point in time in microseconds since 2000.
  func offset(at instant: Int64) -> Int64 {
    switch self {
    case .fixed(let seconds): return seconds
    case .file(let file):
      let seconds = instant / 1_000_000 - (instant % 1_000_000 < 0 ? 1 : 0)
      return file.offset(at: seconds + CalendarTime.epoch)
    }
  }

  /// The point in time of a local one; of two the later, as PostgreSQL takes it when a clock was put back, and nil for a
  /// time that the clock left out.
  func instant(of local: Int64) -> Int64? {
    let around = [offset(at: local + CalendarTime.day), offset(at: local - CalendarTime.day)]
    var found: Int64?
    for seconds in around {
      let instant = local - seconds * 1_000_000
      if offset(at: instant) == seconds { found = max(found ?? .min, instant) }
    }
    return found
  }
}
