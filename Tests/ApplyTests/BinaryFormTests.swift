import Conversion
import Model
import Postgres
import Schema
import ServerFixtures
import TestSupport
import Testing

/// The binary forms of values are those that the server means: it prints what we send as it prints what it reads from the
/// same text, and what it sends comes back as the image. Cases 24 to 29.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct BinaryFormTests {
  private static let limits = NumericLimits(precision: 12, scale: 2)

  private static let texts: [(type: TargetType, oid: OID, texts: [String])] = [
    (
      .numeric(nil), .numeric,
      [
        "0", "0.00", "1", "-1", "+1", "1.10", "-0.001", "9999", "10000", "10001", "0.0001", "0.00001", "99990000",
        "12345678901234567890.123456789", "1e5", "1.50e-10", "-2E+07", "9.99e308", "1e131071", "1e-16383",
      ]
    ),
    (.numeric(limits), .numeric, ["0", "1", "1.1", "-1.10", "9999999999.99", "1e3", "1.5e-1"]),
    (
      .boolean, .bool,
      ["t", "F", "true", "FALSE", "Yes", "no", "y", "N", "on", "OFF", "1", "0"]
    ),
    (.date, .date, ["2000-01-01", "2024-02-29", "1999-12-31", "0001-01-01", "9999-12-31", "1900-03-01", "1970-01-01"]),
    (.time, .time, ["00:00", "23:59", "12:34:56", "23:59:59.999999", "00:00:00.000001", "12:00:00.5", "01:02:03.120"]),
    (
      .timestamp, .timestamp,
      [
        "2000-01-01", "2024-02-29 12:00", "2024-02-29T23:59:59", "2024-02-29t23:59:59.123456", "0001-01-01 00:00:00",
        "9999-12-31 23:59:59.999999", "1999-12-31 23:59:59.5", "1969-12-31T23:59:59.123456000",
      ]
    ),
    (
      .timestamptz, .timestamptz,
      [
        "2024-01-02T08:00:00Z", "2024-01-02 08:00z", "2024-01-02 08:00:00.5+01:00", "2024-01-02 08:00:00 +0530",
        "2024-01-02 08:00:00-08", "2024-01-02 08:00:00-00:00", "2024-01-02 08:00:00 Z", "1999-12-31 23:59:59+15:59",
      ]
    ),
    (
      .uuid, .uuid,
      [
        "00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-AABBCCDDEEFF",
        "00112233445566778899aabbccddeeff", "{00112233-4455-6677-8899-aabbccddeeff}",
      ]
    ),
    (.json, .json, ["{}", " [ 1 , -2.50e+3 ] ", "\"\\ud800\"", "\"\\u0000\"", "{\"a\":1,\"a\":2}", "1e999999"]),
    (.jsonb, .jsonb, ["{}", "[1, 2.50, null]", "{\"bb\":1,\"a\":\"\\u00e9\\n\"}", "1e3", "1e131071", "-0"]),
    (.varchar(5), .varchar, ["", "abc", "漢字漢字漢"]), (.char(5), .bpchar, ["", "abc", " x"]),
    (.text, .text, ["", "a\u{301}漢🚚\n'\\"]),
  ]

  @Test(arguments: texts.indices)
  func `texts are what the server makes of them`(_ index: Int) throws {
    let (type, oid, texts) = Self.texts[index]
    try compare(texts.map { (.text($0), $0) }, type, oid)
  }

  @Test func `numbers are what the server makes of them`() throws {
    let integers = [Int64.min, .max, 0, 1, -1, 9_999, 10_000, 10_001, 99_999_999, 100_000_000, -123_456_789_012]
    try compare(integers.map { (.integer($0), String($0)) }, .numeric(nil), .numeric)
    try compare([0, 1, -1, 9_999_999_999].map { (.integer($0), String($0)) }, .numeric(Self.limits), .numeric)
    try compare([0, 1, -1, 32_767, -32_768].map { (.integer($0), String($0)) }, .smallint, .int2)
    try compare([0, 1, -1, 2_147_483_647, -2_147_483_648].map { (.integer($0), String($0)) }, .integer, .int4)
    try compare([0.5, -0.0, 1, 0x1p120, .infinity, 0x1p-149].map { (.real($0), "\(Float($0))") }, .real, .float4)
    try compare([(.integer(1 << 24), "16777216")], .real, .float4)
    try compare([(.integer(0), "0"), (.integer(1), "1")], .boolean, .bool)
  }

  @Test(arguments: [UInt64(24), UInt64.random(in: 25 ... .max)])
  func `100,000 random doubles as decimals`(_ seed: UInt64) throws {
    print("doubles as decimals: seed \(seed)")
    var random = SeededRandom(seed: seed)
    for _ in 0..<20 {
      var values: [(Value, String)] = []
      while values.count < 5_000 {
        let real =
          random.isOne(in: 2)
          ? Double(bitPattern: random.next())
          : Double(Int64(bitPattern: random.next()) >> Int64(random.below(60))) / random.pick([1, 10, 100, 1e4, 1e6])
        if real.isFinite, real != 0 { values.append((.real(real), "\(real)")) }
      }
      try compare(values, .numeric(nil), .numeric, scaleMayDiffer: true)
    }
  }

  @Test func `epochs and Julian days are what the server makes of them`() throws {
    let seconds: [Int64] = [0, 1, -1, 86_400, 1_700_000_000, -62_135_596_800, 253_402_300_799, -210_866_803_200]
    let sum = "timestamp '1970-01-01' + make_interval(days => (t::bigint / 86400)::int, secs => t::bigint % 86400)"
    for (type, oid) in [(TargetType.timestamp, OID.timestamp), (.timestamptz, .timestamptz)] {
      for (unit, scale) in [(Reading.Numbers.seconds, 1), (.milliseconds, 1_000), (.microseconds, 1_000_000)] {
        let reading = Reading(numbers: unit)
        try compare(seconds.map { (.integer($0 * Int64(scale)), String($0)) }, type, oid, reading, to: sum)
        try compare(seconds.map { (.real(Double($0 * Int64(scale))), String($0)) }, type, oid, reading, to: sum)
      }
      let days = seconds.map { $0 / 86_400 }
      let midnight = "timestamp '1970-01-01' + make_interval(days => t::int)"
      let reading = Reading(numbers: .julianDay)
      try compare(days.map { (.real(Double($0) + 2_440_587.5), String($0)) }, type, oid, reading, to: midnight)
      let noon = "\(midnight) + interval '12 hours'"
      try compare(days.map { (.integer($0 + 2_440_588), String($0)) }, type, oid, reading, to: noon)
    }
    let days = seconds.map { $0 / 86_400 }
    try compare(
      days.map { (.integer($0 * 86_400), String($0)) }, .date, .date, Reading(numbers: .seconds),
      to: "date '1970-01-01' + t::int")
  }

  @Test(arguments: ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland", "Europe/Dublin"])
  func `local times are the server's`(_ zone: String) throws {
    var random = SeededRandom(seed: 27)
    let codec = try ColumnCodec(.timestamptz, Reading(zone: zone))
    var texts: [String] = []
    for year in [1900, 1945, 1970, 1996, 2014, 2024, 2037, 2038, 2039, 2080] {
      for _ in 0..<400 {
        let parts = [1 + random.below(12), 1 + random.below(28), random.below(24), random.below(60)]
        let (month, day, hour, minute) = (two(parts[0]), two(parts[1]), two(parts[2]), two(parts[3]))
        texts.append("\(year)-\(month)-\(day) \(hour):\(minute):00")
        // Where clocks change.
        texts.append(
          "\(year)-\(random.pick(["03", "10", "11", "04"]))-\(two(1 + random.below(30))) 0\(random.below(4)):\(minute)")
      }
    }
    texts.removeAll { text in
      var text = text
      return text.withUTF8 { Conversion.spelling(of: .text(UnsafeRawBufferPointer($0)), as: codec) == nil }
    }
    #expect(texts.count > 7_000)
    try compare(texts.map { (.text($0), $0) }, .timestamptz, .timestamptz, Reading(zone: zone), zone: zone)
  }

  private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }

  /// Sends values as binary fields and expects the server to print and to send them as it does what it makes of the texts.
  private func compare(
    _ values: [(value: Value, text: String)], _ type: TargetType, _ oid: OID, _ reading: Reading = Reading(),
    to expression: String? = nil, zone: String = "UTC", scaleMayDiffer: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let codec = try ColumnCodec(type, reading)
    var fields = BinaryArray(elementOID: oid)
    var texts = BinaryArray(elementOID: .text)
    var spellings: [Spelling] = []
    for (value, text) in values {
      var buffer = WireBuffer()
      let spelling = value.withView { try? Conversion.write($0, as: codec, to: &buffer) }
      spellings.append(try #require(spelling, "\(text)", sourceLocation: sourceLocation))
      fields.append(bytes: UnsafeRawBufferPointer(rebasing: buffer.bytes.dropFirst(4)))
      texts.append(text: text)
    }
    var parameters = Parameters()
    parameters.append(array: fields)
    parameters.append(array: texts)
    let name = type == .text ? "text" : type.description
    let base = name.prefix { $0 != "(" }
    let cast = type.isText ? "varchar" : String(base)
    let sent = type.isText || name.contains("(") ? "f::\(name)" : "f"
    var connection = try TestServer.connect()
    try connection.execute("SET TIME ZONE '\(zone)'")
    let result = try connection.query(
      """
      SELECT f::text, e::text, \(scaleMayDiffer ? "f = e" : "true"), \(sent)
      FROM unnest($1::\(oid == .bpchar ? "bpchar" : cast)[], $2::text[]) WITH ORDINALITY AS u (f, t, n),
      LATERAL (SELECT ((\(expression ?? "t"))::text)::\(name) AS e) AS expected ORDER BY n
      """, parameters)
    #expect(result.rowCount == values.count)
    var wrong: [String] = []
    for row in 0..<min(result.rowCount, values.count) {
      let (value, text) = values[row]
      let (found, expected) = (try result.string(row, 0), try result.string(row, 1))
      if try scaleMayDiffer ? !result.bool(row, 2) : found != expected {
        wrong.append("\(text): \(found), not \(expected)")
      }
      let field = try result.bytes(copying: row, 3)
      var image: Value? = value
      if type == .jsonb {
        image = text.utf8.withContiguousStorageIfAvailable { JSONCanon.text(of: UnsafeRawBufferPointer($0)) }?.map {
          .text($0)
        }
      }
      let back = field.withUnsafeBytes { Conversion.decode($0, as: codec, spelling: spellings[row]) }
      if back != image { wrong.append("\(text): came back as \(String(describing: back))") }
    }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))", sourceLocation: sourceLocation)
  }
}
