import Glibc
import Model

/// A zone of the zone database: when its offset changed, and the rule for the time after (RFC 8536, version 2 and later).
struct ZoneFile: Sendable {
  private static let directory = "/usr/share/zoneinfo"
  /// The database's own files have a few thousand bytes.
  private static let longest = 1 << 20

  /// Seconds since 1970, ascending.
  private let transitions: [Int64]
  /// Seconds ahead of UTC from the transition of the same number on.
  private let offsets: [Int64]
  /// Before the first transition.
  private let first: Int64
  /// After the last transition.
  private let rule: ZoneRule?

  /// - Throws: `Failure` where the database has no such zone.
  init(name: String) throws(Failure) {
    guard access(Self.directory, R_OK) == 0 else {
      throw Failure(
        .configuration, "cannot read times in the zone '\(name)': there is no zone database in \(Self.directory)",
        remedy: "install the system's tzdata, or name an offset, such as '+02:00'")
    }
    func failure(_ why: String) -> Failure {
      Failure(
        .configuration, "cannot read times in the zone '\(name)': \(why)",
        remedy: "name a zone of \(Self.directory), such as 'Europe/Berlin', or an offset, such as '+02:00'")
    }
    let isName = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "a")...UInt8(ascii: "z"): true
      default: "+-_/".utf8.contains(byte)
      }
    }
    guard isName, let bytes = Self.read("\(Self.directory)/\(name)") else { throw failure("there is no such zone") }
    guard let zone = ZoneFile(bytes) else { throw failure("its file is damaged or counts leap seconds") }
    self = zone
  }

  /// Nil where the bytes are no such file.
  init?(_ bytes: [UInt8]) {
    guard let one = Header(bytes, at: 0), bytes[4] >= UInt8(ascii: "2"),
      let two = Header(bytes, at: 44 + one.size(timeBytes: 4)), two.leapSeconds == 0, two.types > 0
    else { return nil }
    let times = 88 + one.size(timeBytes: 4)
    let indices = times + two.times * 8
    let types = indices + two.times
    let footer = 44 + one.size(timeBytes: 4) + 44 + two.size(timeBytes: 8)
    guard footer <= bytes.count else { return nil }

    func bigEndian<I: FixedWidthInteger>(_ at: Int, _ type: I.Type) -> I {
      bytes.withUnsafeBytes { I(bigEndian: $0.loadUnaligned(fromByteOffset: at, as: type)) }
    }
    let typeOffsets = (0..<two.types).map { Int64(bigEndian(types + $0 * 6, Int32.self)) }
    // RFC 8536 keeps them under 26 hours.
    guard typeOffsets.allSatisfy({ abs($0) < 93_600 }) else { return nil }
    transitions = (0..<two.times).map { bigEndian(times + $0 * 8, Int64.self) }
    var offsets: [Int64] = []
    for index in indices..<types {
      guard Int(bytes[index]) < two.types else { return nil }
      offsets.append(typeOffsets[Int(bytes[index])])
    }
    guard zip(transitions, transitions.dropFirst()).allSatisfy(<) else { return nil }
    self.offsets = offsets
    first = typeOffsets[0]
    let text = bytes[footer...].drop { $0 == UInt8(ascii: "\n") }.prefix { $0 != UInt8(ascii: "\n") }
    if text.isEmpty {
      rule = nil
    } else {
      guard let found = ZoneRule(String(decoding: text, as: UTF8.self)) else { return nil }
      rule = found
    }
  }

  /// Seconds ahead of UTC at a point in time, in seconds since 1970.
  func offset(at time: Int64) -> Int64 {
    guard let last = transitions.last else { return rule?.offset(at: time) ?? first }
    if time >= last, let rule { return rule.offset(at: time) }
    // The number of transitions that have happened.
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? first : offsets[low - 1]
  }

  private static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rbe") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while bytes.count < longest {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes += chunk.prefix(count)
    }
    return ferror(file) == 0 && !bytes.isEmpty ? bytes : nil
  }

  /// What follows in one of a file's two parts.
  private struct Header {
    private let isUTC: Int, isStandard: Int
    let leapSeconds: Int, times: Int, types: Int
    private let characters: Int

    init?(_ bytes: [UInt8], at start: Int) {
      guard bytes.count >= start + 44, bytes[start..<start + 4].elementsEqual("TZif".utf8) else { return nil }
      let counts = bytes.withUnsafeBytes { bytes in
        (0..<6).map {
          Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 20 + $0 * 4, as: UInt32.self)))
        }
      }
      guard counts.allSatisfy({ $0 < ZoneFile.longest }) else { return nil }
      (isUTC, isStandard, leapSeconds) = (counts[0], counts[1], counts[2])
      (times, types, characters) = (counts[3], counts[4], counts[5])
    }

    func size(timeBytes: Int) -> Int {
      times * (timeBytes + 1) + types * 6 + characters + leapSeconds * (timeBytes + 4) + isStandard + isUTC
    }
  }
}
