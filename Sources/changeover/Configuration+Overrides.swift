import Model
import Schema
import TOMLKit

/// Types, readings and names in `changeover.toml`.
extension Configuration {
  /// Reads a setting of that kind; false where the key is none.
  mutating func takeOverride(_ key: String, _ value: (any TOMLValueConvertible)?, _ place: SettingPlace) throws -> Bool
  {
    switch key {
    case "types": overrides.types = try place.word(value, Overrides.Types.self)
    case "lower-case-names": overrides.lowerCaseNames = try place.bool(value)
    case "timezone": overrides.setZone(try place.string(value), at: place.words)
    case "nul": overrides.nul = try place.word(value, Reading.NUL.self)
    case "empty-dates": overrides.empty = try place.word(value, Reading.Empty.self)
    case "misfits": overrides.misfits = try place.word(value, Overrides.Misfits.self)
    case "tables":
      let tables = try place.table(value)
      for name in tables.keys { try takeTable(name, tables[name], place.inner(name)) }
    default: return false
    }
    return true
  }

  private mutating func takeTable(_ name: String, _ value: (any TOMLValueConvertible)?, _ place: SettingPlace) throws {
    let settings = try place.table(value)
    overrides.set(name, at: place.words) { _ in }
    for key in settings.keys {
      let inner = place.inner(key)
      let value: (any TOMLValueConvertible)? = settings[key]
      switch key {
      case "rename":
        let newName = try inner.string(value)
        overrides.set(name, at: inner.words) { $0.rename = newName }
      case "exclude":
        let isExcluded = try inner.bool(value)
        overrides.set(name, at: inner.words) { $0.isExcluded = isExcluded }
      case "columns":
        let columns = try inner.table(value)
        for column in columns.keys { try takeColumn(name, column, columns[column], inner.inner(column)) }
      default: throw inner.unknown
      }
    }
  }

  private mutating func takeColumn(
    _ table: String, _ name: String, _ value: (any TOMLValueConvertible)?, _ place: SettingPlace
  ) throws {
    let settings = try place.table(value)
    var column = Overrides.Column()
    for key in settings.keys {
      let inner = place.inner(key)
      let value: (any TOMLValueConvertible)? = settings[key]
      switch key {
      case "type":
        let text = try inner.string(value)
        guard let type = TargetType(text) else {
          throw inner.failure("is '\(text)', which is no type", "see docs/types.md for those there are")
        }
        column.type = type
      case "time": column.time = Overrides.Time(try inner.string(value))
      case "timezone": column.zone = try inner.string(value)
      case "nul": column.nul = try inner.word(value, Reading.NUL.self)
      case "empty": column.empty = try inner.word(value, Reading.Empty.self)
      case "misfits": column.misfits = try inner.word(value, Overrides.Misfits.self)
      case "rename": column.rename = try inner.string(value)
      case "exclude": column.isExcluded = try inner.bool(value)
      default: throw inner.unknown
      }
    }
    overrides.set(table, name, at: place.words) { $0 = column }
  }
}
