import Model
import Schema
import Testing

@testable import Conversion

/// A column to convert values for.
struct Column {
  let codec: ColumnCodec

  init(_ type: TargetType, _ reading: Reading = Reading()) throws { codec = try ColumnCodec(type, reading) }

  init(_ codec: ColumnCodec) { self.codec = codec }

  /// The bytes of the field after its length, nil for NULL, or why there are none.
  func field(_ value: Value) -> Result<[UInt8]?, Misfit> {
    var buffer = WireBuffer()
    buffer.append(byte: 7)
    if let misfit = value.withView({ Conversion.append($0, as: codec, to: &buffer) }) {
      #expect(buffer.count == 1)
      return .failure(misfit)
    }
    let length = Int32(bigEndian: buffer.bytes.loadUnaligned(fromByteOffset: 1, as: Int32.self))
    let field = Array(buffer.bytes.dropFirst(5))
    #expect(Int(max(length, 0)) == field.count)
    return .success(length < 0 ? nil : field)
  }

  func spelling(_ value: Value) -> Spelling? { value.withView { Conversion.spelling(of: $0, as: codec) } }

  func decode(_ field: [UInt8], _ spelling: Spelling) -> Value? {
    field.withUnsafeBytes { Conversion.decode($0, as: codec, spelling: spelling) }
  }

  /// What comes back of a value that goes out; nil where it does not fit or is NULL.
  func roundTrip(_ value: Value) -> Value? {
    guard case .success(let field?) = field(value), let spelling = spelling(value) else { return nil }
    return decode(field, spelling)
  }

  func misfit(_ value: Value) -> Misfit? {
    if case .failure(let misfit) = field(value) { misfit } else { nil }
  }

  func fits(_ value: Value) -> Bool { misfit(value) == nil }

  /// Expects the texts to fit and to come back.
  func expectFit(_ texts: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    for text in texts { #expect(roundTrip(.text(text)) == .text(text), "\(text)", sourceLocation: sourceLocation) }
  }

  /// Expects the texts to be refused for that reason.
  func expect(_ texts: [String], _ misfit: Misfit, sourceLocation: SourceLocation = #_sourceLocation) {
    for text in texts {
      #expect(self.misfit(.text(text)) == misfit, "\(text)", sourceLocation: sourceLocation)
      #expect(spelling(.text(text)) == nil, "\(text)", sourceLocation: sourceLocation)
    }
  }
}

/// An integer's bytes, most significant first.
func big<I: FixedWidthInteger>(_ value: I) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
