import Model
import Schema

/// What comes of a value on its way to the target and back.
@usableFromInline package enum Passage: Sendable, Hashable {
  /// The image can be told from the field; of jsonb, what it means.
  case exact
  /// The column's settings ask that NUL characters are left out, and some were.
  case stripped
  /// The column's settings ask that '' becomes NULL.
  case emptied
  /// The field is what stands on the target, but the image cannot be told from it: the conversion lost something.
  case lossy
  case misfit(Misfit)
}

/// Conversion for comparing: the field as the type sends it, with the proof that it can be taken back.
extension Conversion {
  /// Appends the field that the target sends for the value in binary, and decodes it again; appends nothing
  /// for a misfit.
  @inlinable @inline(__always)
  package static func prove(
    _ value: ValueView, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) -> Passage {
    var misfit: Misfit?
    guard appendSame(value, as: codec, to: &buffer, &misfit) else { return proveAny(value, as: codec, to: &buffer) }
    return misfit.map { .misfit($0) } ?? .exact
  }

  @usableFromInline static func proveAny(
    _ value: ValueView, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) -> Passage {
    let start = buffer.count
    let spelling: Spelling
    do throws(Misfit) { spelling = try write(value, as: codec, to: &buffer) } catch { return .misfit(error) }
    if buffer.bytes.loadUnaligned(fromByteOffset: start, as: Int32.self) == -1 { return .emptied }
    if case .jsonb = codec.type { return replaceByCanon(value, from: start, in: &buffer) ? .exact : .lossy }
    let field = UnsafeRawBufferPointer(rebasing: buffer.bytes[(start + 4)...])
    if isText(field, of: value, codec.type) { return .exact }
    guard let image = decode(field, as: codec, spelling: spelling) else { return .lossy }
    if image.isSame(as: value) { return .exact }
    guard codec.nul == .strip, case .text(let written) = image, case .text(let bytes) = value,
      written.elementsEqual(bytes.lazy.filter { $0 != 0 })
    else { return .lossy }
    return .stripped
  }

  /// Whether a text arrived as it is: what `decode` says of these types, without a copy of the text.
  private static func isText(_ field: UnsafeRawBufferPointer, of value: ValueView, _ type: TargetType) -> Bool {
    guard case .text(let bytes) = value else { return false }
    switch type {
    case .text, .varchar, .citext, .enumeration, .anyText, .keyText, .json: return field.isSame(as: bytes)
    default: return false
    }
  }

  /// In place of the text that jsonb is given stands the text that it gives.
  private static func replaceByCanon(_ value: ValueView, from start: Int, in buffer: inout WireBuffer) -> Bool {
    guard case .text(let bytes) = value, let canon = JSONCanon.text(of: bytes) else { return false }
    buffer.truncate(to: start)
    buffer.append(bigEndian: Int32(truncatingIfNeeded: canon.count))
    buffer.append(canon)
    return true
  }
}

extension Value {
  /// The same storage class and bytes.
  fileprivate func isSame(as view: ValueView) -> Bool {
    switch (self, view) {
    case (.null, .null): true
    case (.integer(let mine), .integer(let other)): mine == other
    case (.real(let bits), .real(let other)): bits == other.bitPattern
    case (.text(let mine), .text(let other)), (.blob(let mine), .blob(let other)):
      mine.withUnsafeBytes { $0.isSame(as: other) }
    default: false
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The same bytes, compared by eight.
  fileprivate func isSame(as other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    var at = 0
    while at + 8 <= count {
      let mine = loadUnaligned(fromByteOffset: at, as: UInt64.self)
      if mine != other.loadUnaligned(fromByteOffset: at, as: UInt64.self) { return false }
      at += 8
    }
    while at < count {
      if self[at] != other[at] { return false }
      at += 1
    }
    return true
  }
}
