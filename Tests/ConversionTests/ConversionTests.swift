import Model
import Schema
import Testing

@testable import Conversion

/// Cases 24 to 28.
struct ConversionTests {
  private static let types: [TargetType] = [.bigint, .double, .text, .anyText, .keyText, .bytea]

  /// The bytes of the field after its length, nil for NULL, or why there are none.
  private func converted(_ value: Value, _ type: TargetType) -> Result<[UInt8]?, Refused> {
    guard let codec = try? ColumnCodec(type) else { return .success([]) }
    var buffer = WireBuffer()
    let misfit =
      switch value {
      case .null: Conversion.append(.null, as: codec, to: &buffer)
      case .integer(let integer): Conversion.append(.integer(integer), as: codec, to: &buffer)
      case .real(let bits): Conversion.append(.real(Double(bitPattern: bits)), as: codec, to: &buffer)
      case .text(let bytes): bytes.withUnsafeBytes { Conversion.append(.text($0), as: codec, to: &buffer) }
      case .blob(let bytes): bytes.withUnsafeBytes { Conversion.append(.blob($0), as: codec, to: &buffer) }
      }
    if let misfit {
      #expect(buffer.count == 0)
      return .failure(Refused(misfit: misfit))
    }
    let length = Int32(bigEndian: buffer.bytes.loadUnaligned(as: Int32.self))
    let field = Array(buffer.bytes.dropFirst(4))
    if length == -1 {
      #expect(field.isEmpty)
      return .success(nil)
    }
    #expect(Int(length) == field.count)
    return .success(field)
  }

  private struct Refused: Error, Equatable { let misfit: Misfit }

  private func expect(
    _ value: Value, _ type: TargetType, is bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(converted(value, type) == .success(bytes), sourceLocation: sourceLocation)
  }

  private func expect(
    _ value: Value, _ type: TargetType, is misfit: Misfit, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(converted(value, type) == .failure(Refused(misfit: misfit)), sourceLocation: sourceLocation)
  }

  private func big(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

  @Test func `every class meets every type`() {
    let values: [(StorageClass, Value)] = [
      (.integer, .integer(5)), (.real, .real(1.5)), (.text, .text("x")), (.blob, .blob([0xAB])),
    ]
    let takes: [TargetType: [StorageClass]] = [
      .bigint: [.integer], .double: [.integer, .real], .text: [.text], .keyText: [.integer, .real, .text],
      .anyText: [.integer, .real, .text, .blob], .bytea: [.blob],
    ]
    for type in Self.types {
      #expect(converted(.null, type) == .success(nil))
      for (storageClass, value) in values {
        if takes[type]?.contains(storageClass) == true {
          #expect((try? converted(value, type).get()) != nil)
        } else {
          expect(value, type, is: .storageClass(storageClass, type))
        }
      }
    }
  }

  @Test(arguments: [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max])
  func `integers to their limits`(_ integer: Int64) {
    expect(.integer(integer), .bigint, is: big(UInt64(bitPattern: integer)))
    expect(.integer(integer), .anyText, is: Array("\(integer)".utf8))
    expect(.integer(integer), .keyText, is: Array("\(integer)".utf8))
  }

  @Test func `a double takes the integers that it holds exactly`() {
    let limit: Int64 = 1 << 53
    for integer in [limit, limit - 1, -limit, -limit + 1, 0, 7] {
      expect(.integer(integer), .double, is: big(Double(integer).bitPattern))
    }
    for integer in [limit + 1, -limit - 1, .max, .min] { expect(.integer(integer), .double, is: .inexact(.double)) }
  }

  @Test(arguments: [
    0.0, -0.0, 0.1 + 0.2, .leastNonzeroMagnitude, -Double.leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity,
    -.infinity, .nan, 1e16, 1.0,
  ])
  func `reals by their bits`(_ real: Double) {
    expect(.real(real), .double, is: big(real.bitPattern))
    expect(.real(real), .anyText, is: Array("\(real)".utf8))
  }

  @Test func `the text of a real finds it again`() {
    for real in [0.1 + 0.2, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.infinity, 1e22, 123456789.0] {
      let text = (try? converted(.real(real), .anyText).get()).map { String(decoding: $0, as: UTF8.self) } ?? ""
      #expect(Double(text)?.bitPattern == real.bitPattern)
    }
  }

  /// The text 'inf' may be another key, and so may '\x00'.
  @Test func `a key takes no value whose text may be another key's`() {
    expect(.real(.infinity), .keyText, is: .storageClass(.real, .keyText))
    expect(.real(-.infinity), .keyText, is: .storageClass(.real, .keyText))
    expect(.blob([0]), .keyText, is: .storageClass(.blob, .keyText))
    expect(.real(1.5), .keyText, is: Array("1.5".utf8))
    expect(.text("inf"), .keyText, is: Array("inf".utf8))
  }

  @Test func `a NaN keeps its payload`() {
    let nan = Double(bitPattern: 0x7FF8_0000_0000_1234)
    expect(.real(nan), .double, is: big(0x7FF8_0000_0000_1234))
  }

  @Test func `text is taken as it is or not at all`() {
    for type in [TargetType.text, .anyText, .keyText] {
      expect(.text(""), type, is: [])
      expect(.text("a\u{301}漢🚚\n'\\"), type, is: Array("a\u{301}漢🚚\n'\\".utf8))
      expect(.text([0]), type, is: .nul)
      expect(.text([0x61, 0xED, 0xA0, 0x80]), type, is: .invalidUTF8)
      expect(.text([0xC3]), type, is: .invalidUTF8)
    }
  }

  @Test func `blobs are bytes, or hexadecimal beside text`() {
    let all = (UInt8.min...UInt8.max).map { $0 }
    expect(.blob(all), .bytea, is: all)
    expect(.blob([]), .bytea, is: [])
    expect(.blob([]), .anyText, is: Array("\\x".utf8))
    expect(.blob([0x00, 0x9A, 0xFF]), .anyText, is: Array("\\x009aff".utf8))
  }

  @Test func `reasons never hold the value`() {
    let misfits: [Misfit] = [
      .storageClass(.blob, .bigint), .inexact(.double), .nul, .invalidUTF8, .null, .tooLong(.text), .outOfRange(.date),
      .outOfRange(.jsonb), .inexact(.jsonb), .inexact(.char(3)), .malformed(.uuid), .empty(.time), .spelling(.boolean),
    ]
    #expect(misfits.map(\.reason).allSatisfy { $0.hasPrefix("holds ") })
    #expect(Misfit.storageClass(.real, .bigint).reason == "holds REAL, which bigint does not take")
    #expect(Misfit.inexact(.char(3)).reason == "holds text that ends with spaces, which char(3) does not keep")
    #expect(Misfit.malformed(.date).reason == "holds text that is no date")
    #expect(Misfit.outOfRange(.timestamp).reason == "holds a time beyond what timestamp takes")
  }
}
