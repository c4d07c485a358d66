/// The functions that SQLite 3.40 has by itself.
enum SQLiteFunctions {
  static let scalar: Set<String> = [
    "abs", "changes", "char", "coalesce", "format", "glob", "hex", "ifnull", "iif", "instr", "last_insert_rowid",
    "length", "like", "likelihood", "likely", "load_extension", "lower", "ltrim", "max", "min", "nullif", "printf",
    "quote", "random", "randomblob", "replace", "round", "rtrim", "sign", "soundex", "sqlite_version", "substr",
    "substring", "total_changes", "trim", "typeof", "unicode", "unlikely", "upper", "zeroblob", "date", "time",
    "datetime", "julianday", "unixepoch", "strftime", "json", "json_array", "json_array_length", "json_extract",
    "json_insert", "json_object", "json_patch", "json_remove", "json_replace", "json_set", "json_type", "json_valid",
    "json_quote", "acos", "asin", "atan", "atan2", "ceil", "ceiling", "cos", "degrees", "exp", "floor", "ln", "log",
    "log10", "log2", "mod", "pi", "pow", "power", "radians", "sin", "sqrt", "tan", "trunc",
  ]
  static let aggregates: Set<String> = [
    "avg", "count", "group_concat", "max", "min", "sum", "total", "json_group_array", "json_group_object",
  ]
  static let windows: Set<String> = [
    "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value",
    "last_value", "nth_value",
  ]
  static let times: Set<String> = ["date", "time", "datetime", "julianday", "unixepoch", "strftime"]

  /// Whether the call gathers several rows into one value.
  static func isAggregate(_ call: FunctionCall) -> Bool {
    guard call.window == nil, aggregates.contains(call.name) else { return false }
    return !["min", "max"].contains(call.name) || call.arguments.count == 1
  }
}
