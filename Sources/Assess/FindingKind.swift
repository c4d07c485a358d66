/// What a finding is about. The raw values are the names in JSON; they stay.
package enum FindingKind: String, Sendable, Hashable, CaseIterable {
  case nothingToMove = "nothing-to-move"
  case alreadyMoved = "already-moved"
  case takenName = "taken-name"
  case unreadableTable = "unreadable-table"
  case keyCannotMove = "key-cannot-move"
  case tooManyColumns = "too-many-columns"
  case nulInText = "nul-in-text"
  case invalidText = "invalid-utf8"
  case valueTooLarge = "value-too-large"
  case misfit = "value-does-not-fit"
  case longKey = "long-key"

  case orphans = "orphans"
  case orphansUncounted = "orphans-not-counted"
  case foreignKeyLost = "foreign-key-left-out"
  case mangledUUID = "mangled-uuid"
  case mixedClasses = "mixed-classes"
  case unseenReplace = "unseen-replace"
  case unknownFunction = "unknown-function"
  case indexDiffers = "index-differs"
  case longIndexEntry = "long-index-entry"
  case defaultLost = "default-left-out"
  case checkLost = "check-left-out"
  case conflictClauseLost = "conflict-clause-left-out"
  case notNullLost = "not-null-left-out"
  case virtualTable = "virtual-table"
  case ownTrigger = "own-trigger"
  case brokenView = "broken-view"
  case viewLeftOut = "view-left-out"
  case renamed = "renamed"
  case almostTyped = "almost-typed"
  case numbersAsTimes = "numbers-as-times"

  case viewMoves = "view-moves"
  case shadowTable = "shadow-table"
  case excluded = "excluded"
  case plainerType = "plainer-type"
  case hiddenKey = "hidden-key"
  case reservedName = "reserved-name"
  case caseInName = "case-in-name"
  case collidingCase = "names-differ-in-case"
  case collation = "collation"
  case generatedColumn = "generated-column"
  case autoincrement = "autoincrement"
  case strictTable = "strict-table"
  case withoutRowid = "without-rowid"
  case journalMode = "journal-mode"
  case encoding = "encoding"
  case freePages = "free-pages"
  case sampled = "sampled"
  case installed = "installed"
  case other = "other"

  /// Where the kind stands among those of its severity.
  var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  package var severity: Severity { description.severity }
  /// A headline for all findings of the kind.
  package var title: String { description.title }
  /// What to do about it; empty where there is nothing to do.
  package var remedy: String { description.remedy }

  private var description: (severity: Severity, title: String, remedy: String) {
    switch self {
    case .nothingToMove: (.blocker, "Nothing to move", "Check --source, --include and --exclude.")
    case .alreadyMoved:
      (.blocker, "Closed for writing: it has moved already", "Name the file that the application writes to.")
    case .takenName:
      (
        .blocker, "Names that changeover needs are taken",
        "Rename the application's objects that begin with _changeover_."
      )
    case .unreadableTable:
      (
        .blocker, "Tables that cannot be read here",
        "Drop or mend the index or generated column that cannot be computed here, or leave the table out with --exclude."
      )
    case .keyCannotMove:
      (
        .blocker, "Tables whose key cannot move",
        "Give the table a key of one storage class without NULL, or leave it out with --exclude."
      )
    case .tooManyColumns:
      (.blocker, "More columns than PostgreSQL takes", "Split the table, or leave it out with --exclude.")
    case .nulInText:
      (
        .blocker, "Text with NUL characters, which PostgreSQL cannot hold",
        "Clean the values, or say what becomes of them with --nul strip or --nul bytea."
      )
    case .invalidText:
      (
        .blocker, "Text that is not valid UTF-8, which PostgreSQL cannot hold",
        "Write the values anew in UTF-8, or store them as BLOB."
      )
    case .valueTooLarge:
      (.blocker, "Values over 1 GB, which PostgreSQL cannot hold", "Split them, or keep them outside the database.")
    case .misfit:
      (
        .blocker, "Values that their target column does not take",
        "Mend the values, or choose another type for the column with --type."
      )
    case .longKey:
      (
        .blocker, "Keys longer than an index of PostgreSQL takes",
        "Shorten the longest keys, or give the table another key: PostgreSQL takes 2,704 bytes after compression."
      )
    case .orphans:
      (
        .warning, "Rows that refer to rows that are not there",
        "Mend or delete them: cutover refuses while there are any, unless the foreign key is waived by name."
      )
    case .orphansUncounted:
      (
        .warning, "Foreign keys that were not looked at to the end",
        "Look with PRAGMA foreign_key_check in a quiet hour."
      )
    case .foreignKeyLost:
      (
        .warning, "Foreign keys that PostgreSQL cannot have",
        "Mend the declaration (an existing parent, unique columns, the same type) or live without it."
      )
    case .mangledUUID:
      (
        .warning, "UUIDs that SQLite has turned into numbers",
        "UUID is a numeric type to SQLite: all-digit values lost zeros or digits. Restore them from where they came from."
      )
    case .mixedClasses:
      (
        .warning, "Columns that mix numbers and text",
        "They become text. Make the values of one kind for a better type, or choose one with --type."
      )
    case .unseenReplace:
      (
        .warning, "UNIQUE indexes over functions that may fail",
        "Rows displaced by REPLACE through them are not seen: do not use REPLACE there, or drop the index until the switch."
      )
    case .unknownFunction:
      (
        .warning, "Functions and collations that only the application has",
        "See whether PostgreSQL has the like; otherwise write a counterpart there."
      )
    case .indexDiffers:
      (.warning, "Indexes that do not arrive as they are", "Create what you need in PostgreSQL after the copy.")
    case .longIndexEntry:
      (
        .warning, "Index entries longer than PostgreSQL takes",
        "The index is left out if PostgreSQL refuses it (2,704 bytes after compression): index a hash or a prefix there."
      )
    case .defaultLost:
      (.warning, "Defaults that are left out", "Set them in PostgreSQL, or give the values in the application.")
    case .checkLost:
      (.warning, "CHECK constraints that are left out", "Add them in PostgreSQL, best before the switch.")
    case .conflictClauseLost:
      (
        .warning, "Conflict clauses that are left out",
        "PostgreSQL has no ON CONFLICT in a declaration: write INSERT … ON CONFLICT in the application."
      )
    case .notNullLost:
      (.warning, "NOT NULL columns that hold NULL", "Fill the values, then NOT NULL can stand.")
    case .virtualTable:
      (
        .warning, "Virtual tables, which stay in SQLite",
        "Replace them: full-text search by a tsvector column with a GIN index, R-trees by GiST or PostGIS."
      )
    case .ownTrigger:
      (.warning, "The application's triggers, which stay in SQLite", "Write them in PL/pgSQL, best before the switch.")
    case .brokenView:
      (.warning, "Views that SQLite itself cannot run", "Something that they name is not there: mend or drop them.")
    case .viewLeftOut: (.warning, "Views that stay in SQLite", "Create them in PostgreSQL, best before the switch.")
    case .renamed:
      (.warning, "Names that change on the target", "Use the new name in the application's SQL for PostgreSQL.")
    case .almostTyped:
      (
        .warning, "Columns that some values keep from the declared type",
        "Mend those values and the column gets the type, or choose one with --type."
      )
    case .numbersAsTimes:
      (.warning, "Numbers that are read as times", "See that the unit is right, or say it with --time.")
    case .plainerType:
      (.note, "Columns that get a plainer type", "Choose another with --type where you know better.")
    case .viewMoves: (.note, "Views that are created on the target", "")
    case .shadowTable: (.note, "Tables that belong to virtual tables", "")
    case .excluded: (.note, "Left out as asked", "")
    case .hiddenKey:
      (
        .note, "Tables without a usable key",
        "Nothing needs to be done: the rowid identifies the rows in a hidden column. A VACUUM renumbers it: not while sync runs."
      )
    case .reservedName:
      (.note, "Names that are reserved words in PostgreSQL", "They must stand in double quotes in PostgreSQL's SQL.")
    case .caseInName:
      (
        .note, "Names with capital letters",
        "PostgreSQL folds bare names to lower case: they must stand in double quotes there."
      )
    case .collidingCase:
      (.note, "Names that differ in case only", "They stay apart in PostgreSQL as long as they are quoted.")
    case .collation:
      (
        .note, "Comparisons without regard to case",
        "Write lower(a) = lower(b) in queries, or choose citext with --type."
      )
    case .generatedColumn: (.note, "Generated columns", "")
    case .autoincrement: (.note, "AUTOINCREMENT", "The sequence goes on past the largest number that SQLite gave out.")
    case .strictTable: (.note, "STRICT tables", "")
    case .withoutRowid: (.note, "WITHOUT ROWID tables", "")
    case .journalMode:
      (
        .note, "No write-ahead log",
        "PRAGMA journal_mode=WAL, once, lets readers and the writer pass each other. It works without, too."
      )
    case .encoding: (.note, "Text is stored as UTF-16", "It arrives as UTF-8.")
    case .freePages: (.note, "Free pages", "")
    case .sampled: (.note, "Only a sample was read", "Run it without --sample before the move.")
    case .installed: (.note, "changeover is installed here already", "")
    case .other: (.note, "What differs on the target", "")
    }
  }
}
