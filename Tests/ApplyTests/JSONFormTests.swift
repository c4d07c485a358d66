import Conversion
import Model
import Postgres
import Schema
import ServerFixtures
import TestSupport
import Testing

/// What is JSON to us is JSON to the server, and JSONCanon writes what it prints. Case 29.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct JSONFormTests {
  @Test(arguments: [UInt64(29), UInt64.random(in: 30 ... .max)])
  func `JSON is what the server takes for it`(_ seed: UInt64) throws {
    print("JSON: seed \(seed)")
    var random = SeededRandom(seed: seed)
    var texts = [
      "\"\\ud800\"", "\"\\u0000\"", "\"\\ud83d\\ude9a\"", "\"\\udc00\"", "1e131071", "1e131072", "1e-16383", "1e-16384",
      "-0",
      "-0.00", "0e5", "0e1073741822", "0e-16383", "0e-16384", "1.5E+3", "{\"a\":1,\"a\":2}", "01", "1.",
      "tru",
      "\"\u{7f}\\u007f\\u001f\\/\"", "{\"é\":1,\"zz\":2,\"ab\":3,\"\":4}", "", " ", "[1 2]", "nul", "nulll", "[]]",
      "1e5x",
      String(repeating: "[", count: 6_000) + String(repeating: "]", count: 6_000),
      String(repeating: "{\"a\":", count: 6_000) + "1" + String(repeating: "}", count: 6_000),
    ]
    let seeds = [
      "{\"a\": [1, 2.5e-3, \"\\ud83d\\ude9a\"], \"bb\": {\"c\": null}}", "[[[{\"x\": \"\\u0041\"}]], true, -10.50]",
      "{\"bb\":1,\"ba\":[],\"c\":{}}",
    ]
    for _ in 0..<6_000 {
      var bytes = Array(random.pick(seeds).utf8)
      for _ in 0...random.below(2) {
        let at = random.below(bytes.count)
        if random.isOne(in: 3) {
          bytes.remove(at: at)
        } else {
          bytes[at] = random.pick(Array("{}[]\",:\\u0dD19eE.- abt".utf8))
        }
      }
      texts.append(String(decoding: bytes, as: UTF8.self))
    }
    var connection = try TestServer.connect()
    try connection.execute(
      """
      CREATE FUNCTION pg_temp.printed(t text, type regtype) RETURNS text LANGUAGE plpgsql AS $$
      DECLARE result text;
      BEGIN
        EXECUTE format('SELECT $1::%s::text', type) INTO result USING t;
        RETURN result;
      EXCEPTION WHEN OTHERS THEN RETURN NULL;
      END $$
      """)
    var array = BinaryArray(elementOID: .text)
    for text in texts { array.append(text: text) }
    var parameters = Parameters()
    parameters.append(array: array)
    let result = try connection.query(
      """
      SELECT pg_temp.printed(t, 'json'), pg_temp.printed(t, 'jsonb')
      FROM unnest($1::text[]) WITH ORDINALITY AS u (t, n) ORDER BY n
      """, parameters)
    let json = try ColumnCodec(.json)
    let jsonb = try ColumnCodec(.jsonb)
    for (row, text) in texts.enumerated() {
      let shown = text.prefix(100)
      var text = text
      text.withUTF8 { bytes in
        let bytes = UnsafeRawBufferPointer(bytes)
        #expect((Conversion.spelling(of: .text(bytes), as: json) != nil) == !result.isNull(row, 0), "\(shown)")
        var buffer = WireBuffer()
        let misfit = Conversion.append(.text(bytes), as: jsonb, to: &buffer)
        // A key that is there twice is no error to the server; it loses the first.
        if misfit != .inexact(.jsonb) {
          #expect((misfit == nil) == !result.isNull(row, 1), "\(shown) \(String(describing: misfit))")
        }
        guard misfit == nil, !result.isNull(row, 1) else { return }
        let canon = JSONCanon.text(of: bytes).map { String(decoding: $0, as: UTF8.self) }
        #expect(canon == (try? result.string(row, 1)), "\(shown)")
      }
    }
  }
}
