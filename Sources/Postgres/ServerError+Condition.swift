extension ServerError {
  /// A condition's name in words; for states that are not listed, its class's.
  static func conditionName(_ sqlState: String) -> String {
    conditions[sqlState] ?? classes[String(sqlState.prefix(2))] ?? "error"
  }

  /// Only those that applying rows meets; the rest are named by their class.
  private static let conditions: [String: String] = [
    "22001": "text too long for its type",
    "22003": "number out of range",
    "22007": "invalid date or time",
    "22008": "date or time out of range",
    "22012": "division by zero",
    "22021": "text that the encoding does not allow (NUL or invalid UTF-8)",
    "22023": "invalid parameter value",
    "22030": "duplicate key in a JSON object",
    "22032": "invalid JSON",
    "22P02": "text that its type does not accept",
    "22P03": "bytes that its type does not accept",
    "22P04": "malformed COPY data",
    "22P05": "a character that the encoding has not",
    "23502": "NULL where it is not allowed",
    "23503": "foreign key violation",
    "23505": "unique violation",
    "23514": "check violation",
    "23P01": "exclusion violation",
    "P0001": "an exception raised by a function of the database",
    "P0004": "a failed assertion in a function of the database",
  ]

  private static let classes: [String: String] = [
    "08": "connection error",
    "0A": "feature not supported",
    "22": "a value that its type does not accept",
    "23": "constraint violation",
    "25": "invalid transaction state",
    "28": "authorization refused",
    "2B": "dependent objects exist",
    "3D": "no such database",
    "3F": "no such schema",
    "40": "transaction rolled back",
    "42": "syntax error or access rule violation",
    "44": "check option violation",
    "53": "the server is out of resources",
    "54": "a limit of the server exceeded",
    "55": "object not in the state needed",
    "57": "operator intervention",
    "58": "system error",
    "F0": "configuration file error",
    "P0": "an exception raised by a function of the database",
    "XX": "internal error of the server",
  ]
}
