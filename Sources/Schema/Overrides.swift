import Model

/// What the user says about types, readings and names, where it is not left to changeover.
package struct Overrides: Sendable, Hashable {
  /// Which types columns get that nothing more is said of.
  package enum Types: String, Sendable, Hashable, CaseIterable {
    /// What PostgreSQL has for what is declared, where every value fits.
    case native
    /// Also the limits that are declared: `integer`, `smallint`, `varchar(n)`.
    case strict
    /// As SQLite stores the values: `bigint`, `double precision`, `text`, `bytea`.
    case storage
  }

  /// What becomes of values that do not fit a type that the user chose.
  package enum Misfits: String, Sendable, Hashable, CaseIterable {
    /// The sync does not begin.
    case refuse
    /// Their rows go to the quarantine.
    case quarantine
  }

  /// What a number in a date or time column counts, or the pattern of its texts.
  package enum Time: Sendable, Hashable {
    case numbers(Reading.Numbers)
    case format(String)

    package init(_ text: String) {
      self = Reading.Numbers(rawValue: text).map { .numbers($0) } ?? .format(text)
    }
  }

  /// What is said of one column; nil is not said.
  package struct Column: Sendable, Hashable {
    package var type: TargetType?
    package var time: Time?
    package var zone: String?
    package var nul: Reading.NUL?
    package var empty: Reading.Empty?
    package var misfits: Misfits?
    package var rename: String?
    package var isExcluded: Bool?

    package init() {}

    /// What `other` says goes before what this says.
    mutating func merge(_ other: Column) {
      type = other.type ?? type
      time = other.time ?? time
      zone = other.zone ?? zone
      nul = other.nul ?? nul
      empty = other.empty ?? empty
      misfits = other.misfits ?? misfits
      rename = other.rename ?? rename
      isExcluded = other.isExcluded ?? isExcluded
    }
  }

  /// What is said of one table.
  package struct Table: Sendable, Hashable {
    /// As the user wrote the name.
    package var name: String
    package var rename: String?
    package var isExcluded: Bool?
    /// By their names in lower case.
    package var columns: [String: Column] = [:]
  }

  package var types: Types?
  package var lowerCaseNames: Bool?
  package var zone: String?
  package var nul: Reading.NUL?
  package var empty: Reading.Empty?
  package var misfits: Misfits?
  /// By their names in lower case: SQLite does not tell case apart.
  package private(set) var tables: [String: Table] = [:]
  /// Where each table, column and zone was named, for errors: "changeover.toml, line 7".
  package private(set) var places: [String: String] = [:]

  package init() {}

  /// Changes what is said of a table.
  package mutating func set(_ table: String, at place: String, _ change: (inout Table) -> Void) {
    let key = table.lowercased()
    var value = tables[key] ?? Table(name: table)
    change(&value)
    tables[key] = value
    places[key] = places[key] ?? place
  }

  /// Changes what is said of a column.
  package mutating func set(_ table: String, _ column: String, at place: String, _ change: (inout Column) -> Void) {
    set(table, at: place) { change(&$0.columns[column.lowercased(), default: Column()]) }
    places[Self.key(table, column)] = place
  }

  package mutating func setZone(_ zone: String, at place: String) {
    self.zone = zone
    places[""] = place
  }

  private static func key(_ table: String, _ column: String) -> String {
    "\(table.lowercased())\0\(column.lowercased())"
  }

  /// Where the zone for all columns, a table or a column was named.
  package var zonePlace: String? { places[""] }
  package func place(of table: String) -> String? { places[table.lowercased()] }
  package func place(of table: String, _ column: String) -> String? { places[Self.key(table, column)] }

  /// What `other` says goes before what this says: flags before the file.
  package func merged(with other: Overrides) -> Overrides {
    var merged = self
    merged.types = other.types ?? types
    merged.lowerCaseNames = other.lowerCaseNames ?? lowerCaseNames
    merged.zone = other.zone ?? zone
    merged.nul = other.nul ?? nul
    merged.empty = other.empty ?? empty
    merged.misfits = other.misfits ?? misfits
    for (key, table) in other.tables {
      guard var own = merged.tables[key] else {
        merged.tables[key] = table
        continue
      }
      own.rename = table.rename ?? own.rename
      own.isExcluded = table.isExcluded ?? own.isExcluded
      for (name, column) in table.columns { own.columns[name, default: Column()].merge(column) }
      merged.tables[key] = own
    }
    merged.places.merge(other.places) { $1 }
    return merged
  }

  /// The names of the tables that do not move.
  package var excludedTables: [String] { tables.values.filter { $0.isExcluded == true }.map(\.name).sorted() }

  /// The names of a table's columns that do not move, in lower case.
  package func excludedColumns(of table: String) -> Set<String> {
    Set((tables[table.lowercased()]?.columns ?? [:]).filter { $0.value.isExcluded == true }.keys)
  }

  /// The name that a table is to have on the target.
  package func targetName(of table: String) -> String {
    tables[table.lowercased()]?.rename ?? ordinaryName(table)
  }

  /// The name that a column is to have on the target.
  package func targetName(of column: String, in table: String) -> String {
    tables[table.lowercased()]?.columns[column.lowercased()]?.rename ?? ordinaryName(column)
  }

  /// A name of which nothing is said, an index's too.
  package func ordinaryName(_ name: String) -> String { lowerCaseNames == true ? name.lowercased() : name }

  /// Everything that is said of a column, the general settings included.
  package func settings(of column: String, in table: String) -> ColumnSettings {
    let own = tables[table.lowercased()]?.columns[column.lowercased()] ?? Column()
    return ColumnSettings(
      types: types ?? .native, type: own.type, time: own.time, zone: own.zone ?? zone, nul: own.nul ?? nul ?? .fail,
      empty: own.empty ?? empty ?? .quarantine, misfits: own.misfits ?? misfits ?? .refuse)
  }
}

/// What decides a column's type and reading besides its declaration and its values.
package struct ColumnSettings: Sendable, Hashable {
  package var types: Overrides.Types
  /// The type that the user chose.
  package var type: TargetType?
  package var time: Overrides.Time?
  package var zone: String?
  package var nul: Reading.NUL
  package var empty: Reading.Empty
  package var misfits: Overrides.Misfits

  package init(
    types: Overrides.Types = .native, type: TargetType? = nil, time: Overrides.Time? = nil, zone: String? = nil,
    nul: Reading.NUL = .fail, empty: Reading.Empty = .quarantine, misfits: Overrides.Misfits = .refuse
  ) {
    self.types = types
    self.type = type
    self.time = time
    self.zone = zone
    self.nul = nul
    self.empty = empty
    self.misfits = misfits
  }

  /// How a column of `type` is read under these settings: only what concerns the type.
  package func reading(for type: TargetType) -> Reading {
    var reading = Reading()
    if type.isTime {
      switch time {
      case .numbers(let unit)?: reading.numbers = unit
      case .format(let format)?: reading.format = format
      case nil: break
      }
    }
    if type == .timestamptz { reading.zone = zone }
    if type == .bytea || (type.isText && nul == .strip) { reading.nul = nul }
    if !type.isText, type != .bytea { reading.empty = empty }
    return reading
  }
}
