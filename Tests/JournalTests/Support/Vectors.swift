import FoundationEssentials
import Glibc
import TestSupport

/// The golden files of the repository.
enum Vectors {
  static let root = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }
  static let folder = root + "/journal/vectors"
  static let reader = root + "/Tests/Support/journal_reader.py"

  /// Names without their suffix, sorted.
  static func names(in folder: String) -> [String] {
    Files.names(in: "\(Self.folder)/\(folder)").filter { $0.hasSuffix(".batch") }.map { String($0.dropLast(6)) }
  }

  static func bytes(_ path: String) throws -> [UInt8] { try Files.read("\(folder)/\(path)") }

  static func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

  /// The invalid vectors: name → reason.
  static func reasons() throws -> [String: String] {
    try JSONDecoder().decode([String: String].self, from: Data(try bytes("invalid/expected.json")))
  }
}
