import Apply
import ArgumentParser
import Model
import Pipeline

/// `changeover quarantine`
struct QuarantineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quarantine",
    abstract: "Rows that the other store does not take: shows them, has them tried again, or gives them up.",
    discussion: """
      A row that does not fit is kept here with the reason, and cutover is refused while there are any; after the switch \
      rollback is. It leaves by itself when its next image fits, or when it is deleted.
      """,
    subcommands: [List.self, Retry.self, Discard.self])

  /// `quarantine list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One line a row. Shows keys, and values only when asked.")
    @OptionGroup var stores: StoreOptions
    @Argument(help: "Only this table.") var table: String?
    @Flag(help: "Show the rows' values too, not only their keys.") var showValues = false
    @Flag(help: "One JSON object a row, a line each.") var json = false

    func run() throws {
      var blocking = 0
      var blockingBack = 0
      var discarded = 0
      try stores.quarantine().list(.init(table: table, keys: []), withValues: showValues) { entry, columns in
        if entry.discardedAt != nil {
          discarded += 1
        } else if entry.missingIn == .sqlite {
          blockingBack += 1
        } else {
          blocking += 1
        }
        let values = showValues ? Array(zip(columns, entry.image ?? [])) : nil
        Terminal.print(json ? entry.json(values).text : entry.lines(values))
      }
      if !json {
        let isBack = blockingBack > 0
        let (count, command) = isBack ? (blockingBack, "rollback") : (blocking, "cutover")
        Terminal.print(
          blocking + blockingBack + discarded == 0
            ? "the quarantine is empty" : "\(count) rows stand in the way of \(command), \(discarded) are discarded")
      }
    }
  }

  /// `quarantine retry`
  struct Retry: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Logs rows as changed, so that sync brings them as they are now.",
      discussion: """
        Writes their keys into changeover's own table in the SQLite file, after the switch into the one in PostgreSQL; works \
        while sync runs.
        """)
    @OptionGroup var stores: StoreOptions
    @Argument(help: "Only rows of this table.") var table: String?
    @Option(help: "Only the row with this key, as list shows it. May be given several times.") var key: [String] = []

    func run() throws {
      let outcome = try stores.quarantine().retry(.init(table: table, keys: key))
      for (table, count) in outcome.rows { Terminal.print("\(count) rows of '\(table)' are logged again") }
      if outcome.total == 0 { return Terminal.print("nothing to try again") }
      Terminal.print(
        outcome.isSyncRunning
          ? "the running sync brings them; changeover quarantine list tells which of them stay"
          : "no sync is running here: changeover sync brings them")
    }
  }

  /// `quarantine discard`
  struct Discard: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Accepts that rows do not move. A dry run unless --execute is given.",
      discussion: """
        Discarded rows stay in SQLite and in the list, and no longer stand in the way of cutover: after it they are missing in \
        PostgreSQL. After the switch it is the other way round, for rollback. One whose next image fits moves after all.
        """)
    @OptionGroup var stores: StoreOptions
    @Argument(help: "Rows of this table.") var table: String?
    @Option(help: "Only the row with this key, as list shows it. May be given several times.") var key: [String] = []
    @Flag(help: "Rows of all tables.") var all = false
    @Flag(help: "Take it back: the rows block cutover again.") var undo = false
    @Flag(help: "Do it.") var execute = false

    func validate() throws {
      guard (table == nil) == all else { throw ValidationError("name a table, or all of them with --all") }
    }

    func run() throws {
      let outcome = try stores.quarantine().discard(.init(table: table, keys: key), undo: undo, execute: execute)
      let verb = (execute ? "" : "would be ") + (undo ? "taken back" : "discarded")
      for (table, count) in outcome.rows {
        Terminal.print("\(count) rows of '\(table)' \(execute ? "are " : "")\(verb)")
      }
      if outcome.total == 0 { return Terminal.print("nothing to \(undo ? "take back" : "discard")") }
      if !execute { Terminal.print("Nothing was changed: run it again with --execute.") }
    }
  }
}

extension StoreOptions {
  fileprivate func quarantine() throws -> QuarantineDesk {
    let configuration = try configuration()
    return QuarantineDesk(
      source: try source(configuration), target: try target(configuration), state: try state(configuration),
      targetSchema: targetSchema ?? configuration.targetSchema)
  }
}

extension QuarantineEntry {
  fileprivate func lines(_ values: [(String, Value)]?) -> String {
    let fault = column.map { "column '\($0)' \(reason)" } ?? reason
    let seen = firstSeen == lastSeen ? "seen \(lastSeen)" : "seen \(firstSeen) to \(lastSeen)"
    let line = "\(table)  \(keyText)  \(fault)  (\(seen)\(discardedAt.map { ", discarded \($0)" } ?? ""))"
    return ([(missingIn == .sqlite ? "SQLite: " : "") + line] + (values ?? []).map { "    \($0): \(ValueText.text($1))" })
      .joined(separator: "\n")
  }

  fileprivate func json(_ values: [(String, Value)]?) -> JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    var fields: [(String, JSON)] = [
      ("missing_in", .string(missingIn.rawValue)), ("table", .string(table)), ("key", .string(keyText)),
      ("column", text(column)), ("reason", .string(reason)),
      ("sqlstate", text(state)), ("first_seen", .string(firstSeen)), ("last_seen", .string(lastSeen)),
      ("discarded", .bool(discardedAt != nil)), ("discarded_at", text(discardedAt)),
    ]
    if let values {
      fields.append(
        (
          "values",
          .array(
            values.map { name, value in
              .object([
                ("column", .string(name)), ("class", .string(Self.storageClass(value))), ("value", Self.json(value)),
              ])
            })
        ))
    }
    return .object(fields)
  }

  private static func storageClass(_ value: Value) -> String {
    switch value {
    case .null: "null"
    case .integer: "integer"
    case .real: "real"
    case .text: "text"
    case .blob: "blob"
    }
  }

  private static func json(_ value: Value) -> JSON {
    switch value {
    case .null: .null
    case .integer(let integer): .integer(integer)
    case .real(let bits): .number(Double(bitPattern: bits))
    case .text(let bytes): .string(String(decoding: bytes, as: UTF8.self))
    case .blob(let bytes): .string(hexadecimal(bytes))
    }
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
