import FoundationEssentials

/// Whole files, for the copy of a database that nobody is to notice.
enum Files {
  static func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }
  static func write(_ bytes: Data, to path: String) throws { try bytes.write(to: URL(filePath: path)) }
}
