extension PostgresText {
  /// An identifier in quotes only where PostgreSQL would read it as something else without them.
  package static func quotedIfNeeded(_ name: String) -> String { isPlain(name) ? name : identifier(name) }

  /// SQL of ours with the quotes taken off all names that need none; literals stay as they are.
  package static func relaxed(_ sql: String) -> String {
    var out = String.UnicodeScalarView()
    var rest = sql.unicodeScalars[...]
    while let first = rest.first {
      guard first == "\"" || first == "'" else {
        out.append(first)
        rest.removeFirst()
        continue
      }
      let hasEscapes = first == "'" && isEscaped(out)
      let quoted = rest.prefix(length(ofQuoted: rest, first, hasEscapes: hasEscapes))
      rest.removeFirst(quoted.count)
      let inner = String(String.UnicodeScalarView(quoted.dropFirst().dropLast()))
      out.append(contentsOf: first == "\"" && isPlain(inner) ? inner.unicodeScalars : .init(quoted))
    }
    return String(out)
  }

  /// Whether a literal that follows is one of the E form.
  private static func isEscaped(_ before: String.UnicodeScalarView) -> Bool {
    guard before.last == "E" || before.last == "e" else { return false }
    guard let earlier = before.dropLast().last else { return true }
    return !(earlier.properties.isAlphabetic || earlier == "_" || ("0"..."9").contains(earlier))
  }

  /// How many scalars stand from one quote to the one that ends it.
  private static func length(
    ofQuoted text: Substring.UnicodeScalarView, _ quote: Unicode.Scalar, hasEscapes: Bool
  ) -> Int {
    var count = 1
    var scalars = text.dropFirst()
    while let scalar = scalars.popFirst() {
      count += 1
      if scalar == "\\", hasEscapes, scalars.popFirst() != nil {
        count += 1
      } else if scalar == quote {
        guard scalars.first == quote else { return count }
        scalars.removeFirst()
        count += 1
      }
    }
    return count
  }

  private static func isPlain(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, ("a"..."z").contains(first) || first == "_" else { return false }
    let isPlain = name.unicodeScalars.allSatisfy {
      ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "_"
    }
    return isPlain && !keywords.contains(name)
  }

  /// Every keyword that cannot be any name unquoted (https://www.postgresql.org/docs/current/sql-keywords-appendix.html):
  /// those that are reserved in some place.
  private static let keywords = Set(
    """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast \
    char character check coalesce collate collation column concurrently constraint create cross current_catalog \
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default \
    deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full grant \
    greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull join \
    json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize \
    json_table json_value lateral leading least left like limit localtime localtimestamp merge_action national natural \
    nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing \
    position precision primary real references returning right row select session_user setof similar smallint some \
    substring symmetric system_user table tablesample then time timestamp to trailing treat trim true union unique user \
    using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest \
    xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
    """.split(separator: " ").map { String($0) })
}
