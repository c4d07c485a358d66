import Conversion
import Journal
import Model
import SQLite
import Schema

/// Holds what the user says against what the source has.
package struct OverrideCheck {
  private let overrides: Overrides

  package init(_ overrides: Overrides) { self.overrides = overrides }

  /// Throws where a table or column is named that there is not, or a setting that cannot be.
  /// - Parameter others: tables that exist and do not move.
  package func check(_ tables: [SourceTable], others: [String]) throws {
    if let zone = overrides.zone { try checkCodec(.timestamptz, Reading(zone: zone), at: overrides.zonePlace) }
    let others = Set(others.map { $0.lowercased() })
    for (key, said) in overrides.tables.sorted(by: { $0.key < $1.key }) where !others.contains(key) {
      guard let table = tables.first(where: { $0.name.lowercased() == key }) else {
        throw failure(
          overrides.place(of: said.name), "the source has no table '\(said.name)'",
          "check the name, and the patterns of --include and --exclude")
      }
      if said.rename?.isEmpty == true {
        throw failure(overrides.place(of: said.name), "the new name is empty", "write one")
      }
      for (name, column) in said.columns.sorted(by: { $0.key < $1.key }) { try check(name, column, of: table) }
    }
    try checkNames(tables)
  }

  private func check(_ name: String, _ said: Overrides.Column, of table: SourceTable) throws {
    let place = overrides.place(of: table.name, name)
    let excluded = table.excluded ?? []
    guard let column = (table.columns + excluded).first(where: { $0.name.lowercased() == name }) else {
      throw failure(place, "table '\(table.name)' has no column '\(name)'", "check the name")
    }
    let isKey = !Planner.role(of: column, in: table).isDisjoint(with: [.key, .rowid])
    if said.isExcluded == true, isKey {
      throw failure(
        place, "column '\(name)' of table '\(table.name)' is part of the key and cannot stay out",
        "leave the whole table out, or let the column move")
    }
    if isKey, said.nul != nil && said.nul != .fail || said.empty == .null {
      throw failure(
        place, "column '\(name)' of table '\(table.name)' is part of the key, whose values must arrive as they are",
        "take nul and empty away from it")
    }
    if let type = said.type, [.enumeration, .anyText, .keyText].contains(type) {
      throw failure(place, "a column cannot be made \(type)", "choose text")
    }
    if let type = said.type, table.key == .rowidColumn(column.name), ![.smallint, .integer, .bigint].contains(type) {
      throw failure(
        place, "column '\(name)' of table '\(table.name)' is the INTEGER PRIMARY KEY and cannot be \(type)",
        "choose bigint, integer or smallint")
    }
    if said.rename?.isEmpty == true { throw failure(place, "the new name is empty", "write one") }
    let settings = overrides.settings(of: column.name, in: table.name)
    for tally in TypeCandidates.candidates(of: column, settings) where said.isExcluded != true {
      try checkCodec(tally.type, tally.reading, at: place)
    }
  }

  private func checkCodec(_ type: TargetType, _ reading: Reading, at place: String?) throws {
    do {
      _ = try ColumnCodec(type, reading)
    } catch {
      throw failure(place, error.message, error.remedy)
    }
  }

  /// Two tables, or two columns of one, must not be given the same name.
  private func checkNames(_ tables: [SourceTable]) throws {
    func check(_ names: [String], _ targets: [String], _ what: String, place: (String) -> String?) throws {
      var taken: [String: String] = [:]
      for (name, target) in zip(names, targets) {
        if let other = taken.updateValue(name, forKey: target), target != name || target != other {
          throw failure(
            place(name) ?? place(other), "\(what) '\(other)' and '\(name)' would both be called '\(target)'",
            "rename one of them to something else")
        }
      }
    }
    let names = tables.map(\.name)
    try check(names, names.map { overrides.targetName(of: $0) }, "tables") { overrides.place(of: $0) }
    for table in tables {
      let names = table.columns.map(\.name)
      try check(
        names, names.map { overrides.targetName(of: $0, in: table.name) }, "columns of '\(table.name)':"
      ) { overrides.place(of: table.name, $0) }
    }
  }

  /// Throws where a type that the user chose does not take all of the column's values.
  package func checkFit(_ input: Planner.Input) throws {
    for (column, facts) in zip(input.table.columns, input.facts) {
      let settings = overrides.settings(of: column.name, in: input.table.name)
      guard let type = settings.type, let tally = facts.candidates.first(where: { $0.type == type }) else { continue }
      let place = overrides.place(of: input.table.name, column.name)
      let role = Planner.role(of: column, in: input.table)
      if !role.isDisjoint(with: [.key, .unique]), tally.spellings.count > 1 {
        throw failure(
          place,
          "column '\(column.name)' of table '\(input.table.name)' holds values in several spellings of \(type), and is "
            + "part of a key or UNIQUE index, where two of them could meet",
          "leave its type to changeover, or write them all alike")
      }
      guard tally.misfits > 0, settings.misfits == .refuse else { continue }
      let example = tally.exampleKey.map { ", for example the row with the key \(Self.words($0))" } ?? ""
      throw failure(
        place,
        "column '\(column.name)' of table '\(input.table.name)' cannot be \(type): \(tally.misfits) of "
          + "\(facts.counts.present) values do not fit (\(tally.reasons))\(example)",
        "mend them, choose another type, or let their rows go to the quarantine with --misfits quarantine")
    }
  }

  /// A key for people; long ones cut.
  static func words(_ key: [Value]) -> String {
    let words = key.map { value -> String in
      switch value {
      case .null: "NULL"
      case .integer(let integer): "\(integer)"
      case .real(let bits): "\(Double(bitPattern: bits))"
      case .text(let bytes): "'\(String(decoding: bytes.prefix(40), as: UTF8.self))'"
      case .blob(let bytes): "a blob of \(bytes.count) bytes"
      }
    }
    return words.count == 1 ? words[0] : "(\(words.joined(separator: ", ")))"
  }

  private func failure(_ place: String?, _ what: String, _ remedy: String) -> Failure {
    Failure(.configuration, (place.map { "\($0): " } ?? "") + what, remedy: remedy)
  }
}
