import Model
import Schema

/// Why a value cannot stand in its target column. Never holds the value.
@usableFromInline package enum Misfit: Error, Sendable, Hashable {
  case storageClass(StorageClass, TargetType)
  /// A number beyond what the type holds.
  case outOfRange(TargetType)
  /// A value that the type would round, or a time finer than its microseconds.
  case inexact(TargetType)
  /// Text that is no value of the type, or that the type's spellings do not describe.
  case malformed(TargetType)
  /// '' where the type has no such value.
  case empty(TargetType)
  /// A valid value in another spelling than the one that keeps keys apart.
  case spelling(TargetType)
  case nul
  case invalidUTF8
  case null
  /// Over 1 GB, or over the characters of a varchar(n).
  case tooLong(TargetType)

  /// The reason for people and for the quarantine.
  package var reason: String {
    switch self {
    case .storageClass(let found, let type):
      "holds \(String(describing: found).uppercased()), which \(type) does not take"
    case .outOfRange(let type) where type.isTime: "holds a time beyond what \(type) takes"
    case .outOfRange(let type) where type == .json || type == .jsonb:
      "holds JSON with a number, or nested to a depth, beyond what \(type) takes"
    case .outOfRange(let type): "holds a number beyond what \(type) takes"
    case .inexact(.double): "holds an integer beyond 2^53, which double precision would round"
    case .inexact(.jsonb): "holds JSON with a key twice in an object, of which jsonb keeps one"
    case .inexact(let type) where type.isText: "holds text that ends with spaces, which \(type) does not keep"
    case .inexact(let type): "holds a value that \(type) would round"
    case .malformed(let type):
      switch type {
      case .boolean, .numeric, .uuid: "holds text that is no \(type), or is spelled as it could not be given back"
      default: "holds text that is no \(type)"
      }
    case .empty(let type): "holds the empty text, which is no \(type)"
    case .spelling(let type):
      "holds a \(type) in another spelling than the column's: in a key two spellings must not meet"
    case .nul: "holds text with a NUL character, which PostgreSQL text cannot"
    case .invalidUTF8: "holds text that is not valid UTF-8"
    case .null: "holds NULL, which the target column does not take"
    case .tooLong(let type) where type.isText && type.description.contains("("): "holds text longer than \(type)"
    case .tooLong: "holds a value longer than PostgreSQL takes (1 GB)"
    }
  }
}
