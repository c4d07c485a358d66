import FoundationEssentials
import Model

/// What a backup holds, as `manifest.json` tells it.
package struct BackupManifest: Sendable, Equatable, Codable {
  package static let currentFormat = 1

  package var format = Self.currentFormat
  package var id: RandomID
  /// ISO 8601, UTC: when the state was taken that the backup shows.
  package var createdAt: String
  package var changeoverVersion: String
  package var sqliteVersion: String
  package var source: Source
  /// The newest change that the backup holds; nil where changeover was not installed.
  package var position: Place?
  package var database: DatabaseFile
  package var schemaSHA256: String
  package var tables: [Table]
  /// Whether the copy was compared with the source when it was made.
  package var isProven: Bool
  /// What SQLite's integrity check found, the first of it; nil where it was not asked.
  package var integrityFindings: [String]?
  /// Rows whose foreign keys lead nowhere; SQLite allows them. Nil where nobody counted.
  package var foreignKeyViolations: Int64?

  package struct Source: Sendable, Equatable, Codable {
    package var path: String
    /// changeover's name for the file; nil where it was not installed.
    package var id: RandomID?
    /// Whether the file was closed for writing because its data had moved to PostgreSQL.
    package var isFenced: Bool
    package var journalMode: String

    enum CodingKeys: String, CodingKey {
      case path, id
      case isFenced = "fenced"
      case journalMode = "journal_mode"
    }
  }

  package struct Place: Sendable, Equatable, Codable {
    package var sequence: Int64
    /// As text: not every reader of JSON keeps 64 bits of a number.
    package var nonce: String
  }

  package struct DatabaseFile: Sendable, Equatable, Codable {
    package var bytes: Int64
    package var pageSize: Int64
    package var sha256: String

    enum CodingKeys: String, CodingKey {
      case bytes
      case pageSize = "page_size"
      case sha256
    }
  }

  package struct Table: Sendable, Equatable, Codable {
    package var name: String
    package var rows: Int64?
    /// Of all rows, in the form that docs/backup.md describes.
    package var sha256: String?
    /// Why its rows could not be read one by one, as where a collation of the application's own is missing here.
    package var unread: String?
  }

  enum CodingKeys: String, CodingKey {
    case format, id
    case createdAt = "created_at"
    case changeoverVersion = "changeover_version"
    case sqliteVersion = "sqlite_version"
    case source, position, database
    case schemaSHA256 = "schema_sha256"
    case tables
    case isProven = "proven"
    case integrityFindings = "integrity_findings"
    case foreignKeyViolations = "foreign_key_violations"
  }

  /// Rows in all tables, changeover's own included.
  package var rows: Int64 { tables.reduce(0) { $0 &+ ($1.rows ?? 0) } }

  /// Whether SQLite found nothing wrong inside; true too where it was not asked.
  package var isSound: Bool { integrityFindings?.isEmpty ?? true }

  package var json: [UInt8] {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
  }

  init(reading bytes: [UInt8], of folder: String) throws(Failure) {
    struct Format: Decodable { let format: Int }
    let decoder = JSONDecoder()
    let data = Data(bytes)
    guard let format = try? decoder.decode(Format.self, from: data).format else { throw Self.damaged(folder) }
    guard format == Self.currentFormat else {
      throw Failure(
        .badData, "the backup \(folder) has format \(format), which this version does not know",
        remedy: "use the version of changeover that made it")
    }
    guard let manifest = try? decoder.decode(BackupManifest.self, from: data) else { throw Self.damaged(folder) }
    self = manifest
  }

  private static func damaged(_ folder: String) -> Failure {
    Failure(
      .badData, "the manifest of the backup \(folder) is damaged",
      remedy: "use another backup; its \(Backup.databaseName), if whole, is a SQLite database as it stands")
  }
}

extension BackupManifest {
  init(
    id: RandomID, createdAt: String, source: Source, position: Place?, database: DatabaseFile, schemaSHA256: String,
    tables: [Table], sqliteVersion: String
  ) {
    self.id = id
    self.createdAt = createdAt
    changeoverVersion = Release.version
    self.sqliteVersion = sqliteVersion
    self.source = source
    self.position = position
    self.database = database
    self.schemaSHA256 = schemaSHA256
    self.tables = tables
    isProven = false
  }
}
