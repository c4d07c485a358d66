import Model
import Schema
import TestSupport
import Testing

@testable import Conversion

/// Case 29.
struct JSONTests {
  private func canon(_ text: String) -> String? {
    Array(text.utf8).withUnsafeBytes { JSONCanon.text(of: $0) }.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `json keeps its text`() throws {
    let column = try Column(.json)
    column.expectFit([
      "{}", "[]", " [ 1 , -2.50e+3 , null ] ", "\"\\ud800\"", "\"\\u0000\"", "{\"a\":1,\"a\":2}", "0", "true", "\"é\"",
      "{\"a\":{\"b\":[[],{}]}}", "1e999999",
    ])
    column.expect(
      [
        "{", "[1,]", "{\"a\"}", "{\"a\":}", "{,}", "[,]", "01", "1.", ".5", "+1", "-", "1e", "'a'", "nul", "truex",
        "\"a",
        "\"\\x\"", "\"\\u12\"", "\"\n\"", "[1 2]", "{\"a\":1 \"b\":2}", "1 2", "NaN", "{a:1}", "]", "[}", "{1:2}", " ",
        "{\"a\":1,}", "\u{a0}1",
      ], .malformed(.json))
    #expect(column.misfit(.text([0x22, 0xFF, 0x22])) == .invalidUTF8)
    #expect(column.misfit(.integer(1)) == .storageClass(.integer, .json))
    let deep = String(repeating: "[", count: 6_000) + String(repeating: "]", count: 6_000)
    column.expectFit([deep])
    column.expect(["[\(deep)]", String(repeating: "[", count: 1_000_000)], .outOfRange(.json))
  }

  @Test func `jsonb takes what it can keep`() throws {
    let column = try Column(.jsonb)
    column.expectFit(["{}", "[1, 2.50, null]", "{\"b\": 1, \"aa\": [true]}", "\"\\n\\u0001\\\"\""])
    #expect(try column.field(.text("{}")).get() == [1] + Array("{}".utf8))
    column.expect(["{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "[{\"x\":0,\"y\":1,\"x\":0}]"], .inexact(.jsonb))
    column.expect(
      ["\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"", "{\"\\u0000\":1}", "{"],
      .malformed(.jsonb))
    column.expect(["1e131072", "[1e-16384]", "0e1073741823"], .outOfRange(.jsonb))
  }

  @Test func `the text of a jsonb`() {
    let pairs = [
      ("{\"bb\":1,\"a\":2,\"c\":{\"y\":[],\"x\":{}}}", "{\"a\": 2, \"c\": {\"x\": {}, \"y\": []}, \"bb\": 1}"),
      (" [ 1e2, 1.10, -0, -0.00, 1.5e-3, 12E-1 ] ", "[100, 1.10, 0, 0.00, 0.0015, 1.2]"),
      ("\"\\u00e9\\ud83d\\ude9a\\/\\t\\u001f\\u007f\"", "\"é🚚/\\t\\u001f\u{7f}\""), ("[[[]],[{}]]", "[[[]], [{}]]"),
      ("true", "true"), ("{\"\":null}", "{\"\": null}"),
    ]
    for (text, expected) in pairs {
      #expect(canon(text) == expected)
      #expect(canon(expected) == expected)
    }
    #expect(canon("{") == nil)
    #expect(canon("{\"a\":1,\"a\":1}") == nil)
  }

  @Test func `damaged JSON is refused or read, never a trap`() throws {
    var random = SeededRandom(seed: 29)
    let seeds = ["{\"a\": [1, 2.5e-3, \"\\ud83d\\ude9a\"], \"bb\": {\"c\": null}}", "[[[{\"x\": \"\\u0041\"}]], true]"]
    let json = try Column(.json)
    for _ in 0..<20_000 {
      var bytes = Array(random.pick(seeds).utf8)
      for _ in 0...random.below(3) {
        let at = random.below(bytes.count)
        if random.isOne(in: 3) {
          bytes.remove(at: at)
        } else {
          bytes[at] = random.pick(Array("{}[]\",:\\u0dD19eE.- ".utf8))
        }
      }
      guard let canon = bytes.withUnsafeBytes({ JSONCanon.text(of: $0) }) else { continue }
      #expect(json.fits(.text(bytes)))
      #expect(canon.withUnsafeBytes { JSONCanon.text(of: $0) } == canon)
    }
  }
}
