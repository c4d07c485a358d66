/// A borrowed value. Text and blobs lend memory that dies with its owner: a batch of the journal, a row being read.
@usableFromInline package enum ValueView {
  case null
  case integer(Int64)
  case real(Double)
  /// Bytes as stored: NUL and invalid UTF-8 included.
  case text(UnsafeRawBufferPointer)
  case blob(UnsafeRawBufferPointer)

  /// A copy that outlives the owner.
  package var owned: Value {
    switch self {
    case .null: .null
    case .integer(let value): .integer(value)
    case .real(let value): .real(value)
    case .text(let bytes): .text(Array(bytes))
    case .blob(let bytes): .blob(Array(bytes))
    }
  }
}

extension Value {
  /// Lends the value.
  package func withView<R>(_ body: (ValueView) -> R) -> R {
    switch self {
    case .null: body(.null)
    case .integer(let integer): body(.integer(integer))
    case .real(let bits): body(.real(Double(bitPattern: bits)))
    case .text(let bytes): bytes.withUnsafeBytes { body(.text($0)) }
    case .blob(let bytes): bytes.withUnsafeBytes { body(.blob($0)) }
    }
  }
}
