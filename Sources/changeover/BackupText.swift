import Backup
import Model

extension Backup {
  /// The backup for people, on one line.
  var line: String {
    let tables = "\(manifest.tables.count) tables, \(manifest.rows) rows"
    let position = manifest.position.map { ", at change \($0.sequence)" } ?? ""
    let fence = manifest.source.isFenced ? ", closed by the switch" : ""
    let proof = manifest.isProven ? (manifest.isSound ? "proven" : "proven, with faults of its own") : "not proven"
    return "\(path)  \(ByteText.text(manifest.database.bytes))  \(tables)\(position)\(fence)  \(proof)"
  }
}

extension RestorePlan {
  func lines(isRestored: Bool, _ backup: Backup) -> [String] {
    var lines = [backup.line]
    if let existing {
      let trouble = existing.trouble.map { ", which SQLite cannot read: \($0)" } ?? ""
      lines.append("\(path) is there: \(ByteText.text(existing.bytes))\(trouble)")
    }
    if let aside { lines.append("\(isRestored ? "kept" : "would be kept") as \(aside)") }
    lines += refusals.map { "\(Terminal.mark(false))  \($0)" }
    lines.append("afterwards: \(afterwards)")
    if isRestored {
      lines.append("restored: \(path)")
    } else {
      lines.append(
        refusals.isEmpty
          ? "Nothing was changed: run it again with --execute." : "It would be refused. Nothing was changed.")
    }
    return lines
  }

  func json(isRestored: Bool) -> JSON {
    .object([
      ("restored", .bool(isRestored)), ("path", .string(path)), ("backup", .string(manifest.id.description)),
      ("kept_as", aside.map { .string($0) } ?? .null), ("refusals", .array(refusals.map { .string($0) })),
      ("afterwards", .string(afterwards)),
    ])
  }
}

/// Sizes as people read them.
enum ByteText {
  static func text(_ bytes: Int64) -> String {
    var value = Double(bytes)
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1_024, unit < units.count - 1 {
      value /= 1_024
      unit += 1
    }
    return unit == 0 ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(units[unit])"
  }
}
