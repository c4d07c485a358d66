/// The bytes that begin a value.
@usableFromInline enum ValueTag {
  @inlinable static var null: UInt8 { 0 }
  @inlinable static var integer: UInt8 { 1 }
  @inlinable static var real: UInt8 { 2 }
  @inlinable static var text: UInt8 { 3 }
  @inlinable static var blob: UInt8 { 4 }
}
