import Model
import Schema

/// The three lowest bits are the storage class; what stands above is of the type's own.
extension Spelling {
  package static let null = Spelling(.null)
  package static let integer = Spelling(.integer)
  package static let real = Spelling(.real)
  package static let text = Spelling(.text)
  package static let blob = Spelling(.blob)

  init(_ storageClass: StorageClass, form: UInt32 = 0) {
    self.init(rawValue: UInt32(storageClass.rawValue) | form << 3)
  }

  static func text(form: UInt32) -> Spelling { Spelling(.text, form: form) }

  package var storageClass: StorageClass? { StorageClass(rawValue: UInt8(rawValue & 7)) }
  var isNull: Bool { rawValue == 0 }
  var form: UInt32 { rawValue >> 3 }
}
