/// A table, or something under a table's name, that stands in the target's schema, as the server describes it.
package struct FoundTable: Sendable, Hashable {
  /// What has the name, as pg_class.relkind tells it.
  package enum Kind: String, Sendable, Hashable {
    case table = "r"
    case partitioned = "p"
    case view = "v"
    case materializedView = "m"
    case foreignTable = "f"

    package var name: String {
      switch self {
      case .table: "table"
      case .partitioned: "partitioned table"
      case .view: "view"
      case .materializedView: "materialized view"
      case .foreignTable: "foreign table"
      }
    }
  }

  package var name: String
  package var kind: Kind
  package var owner: String
  /// Whether this role has the owner's rights: triggers and foreign keys ask for no less.
  package var isOwned = true
  /// A partition, or a parent or child by INHERITS.
  package var isInherited = false
  /// Row-level security that binds the owner too.
  package var hidesRows = false
  package var hasRules = false
  package var hasRows = false
  package var columns: [FoundColumn] = []
  package var indexes: [FoundIndex] = []
  package var checks: [CheckPlan] = []
  package var foreignKeys: [KeptForeignKey] = []
  /// Keys of other tables that point to this one.
  package var referencing: [KeptForeignKey] = []
  package var triggers: [KeptTrigger] = []

  package init(name: String, kind: Kind = .table, owner: String = "") {
    self.name = name
    self.kind = kind
    self.owner = owner
  }

  /// The unique index that tells rows apart by exactly these columns; a primary key before others.
  package func key(over columns: Set<String>) -> FoundIndex? {
    let fitting = indexes.filter { $0.isKey && Set($0.columns) == columns }
    return fitting.first(where: \.isPrimaryKey) ?? fitting.first
  }
}

/// A column that stands on the target.
package struct FoundColumn: Sendable, Hashable {
  package var name: String
  /// The type as the server writes it.
  package var typeSQL: String
  /// The type that values go there as, a domain's that of its base; nil for one that nothing is converted to.
  package var type: TargetType?
  package var collation: String?
  /// Text that differs is different.
  package var isDeterministic = true
  package var notNull = false
  package var defaultSQL: String?
  /// GENERATED ALWAYS AS IDENTITY: takes no values.
  package var isAlwaysIdentity = false
  package var isIdentity = false
  package var isGenerated = false
  /// The sequence behind it, qualified and quoted.
  package var sequence: String?

  package init(_ name: String, _ typeSQL: String, as type: TargetType?) {
    self.name = name
    self.typeSQL = typeSQL
    self.type = type
  }

  /// Whether rows may come without it.
  package var canStayAway: Bool { !notNull || defaultSQL != nil || isIdentity || isGenerated }
}

/// An index that stands on the target, a constraint's included.
package struct FoundIndex: Sendable, Hashable {
  package var name: String
  package var isPrimaryKey = false
  package var isUnique = false
  /// Unique at every statement over plain columns without a condition: what ON CONFLICT can name.
  package var isKey = false
  package var columns: [String] = []
  /// What stands between the parentheses, names quoted.
  package var terms: String
  package var predicate: String?

  package init(_ name: String, terms: String) {
    self.name = name
    self.terms = terms
  }
}

extension TargetType {
  /// The type that a column of the server's catalogue takes values as; nil for one that nothing is converted to.
  /// - Parameters:
  ///   - name: the base type's name in pg_type.
  ///   - isOfTheSystem: whether it stands in pg_catalog.
  ///   - modifier: atttypmod; −1 for none.
  package init?(catalogued name: String, isOfTheSystem: Bool, isEnumeration: Bool, modifier: Int32) {
    if isEnumeration {
      self = .enumeration
      return
    }
    guard isOfTheSystem else {
      guard name == "citext" else { return nil }
      self = .citext
      return
    }
    // The header's four bytes are counted in lengths and digits.
    let limit = modifier >= 4 ? modifier - 4 : -1
    switch name {
    case "numeric" where limit >= 0:
      // The scale has eleven bits with its sign; a negative one, or one beyond the precision, is none of ours.
      let scale = (Int(limit & 0x7FF) ^ 1_024) - 1_024
      guard let limits = NumericLimits(precision: Int(limit >> 16) & 0xFFFF, scale: scale) else { return nil }
      self = .numeric(limits)
    case "varchar": self = limit >= 0 ? .varchar(limit) : .text
    case "bpchar":
      guard limit >= 1 else { return nil }
      self = .char(limit)
    case "time", "timestamp", "timestamptz":
      // Fewer digits than six would be rounded to in silence.
      guard modifier < 0 || modifier >= 6 else { return nil }
      self = name == "time" ? .time : name == "timestamp" ? .timestamp : .timestamptz
    default:
      guard let type = TargetType(name), type != .anyText, type != .keyText, type != .enumeration else { return nil }
      self = type
    }
  }
}
