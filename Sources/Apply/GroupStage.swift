import Conversion
import Journal
import Model
import Postgres
import Schema

/// Brings the entries of a group into staging tables, one COPY after the other. Rows that no column takes go to the
/// quarantine, and their keys are staged as refused.
struct GroupStage: ~Copyable {
  private let plans: [TableID: TablePlan]
  private let schema: String
  private let quarantine: Quarantine
  /// Whether each row carries its key as the quarantine has it.
  private let withKeys: Bool

  /// The tables that the group names, in the order in which they came.
  private(set) var tables: [(plan: TablePlan, sql: TableSQL)] = []
  /// Those of which all rows come.
  private(set) var replaced: Set<TableID> = []
  /// Tables that do not follow: what the group says of them is passed over.
  private let held: Set<TableID>
  private var layouts: [TableID: Layout] = [:]
  private var layout: Layout?
  private var stream = CopyStream()
  private var isCopying = false
  private var ordinal: Int64 = 0
  /// Whether rows are measured: a COPY failed for one that is wider than a page.
  private let measures: Bool
  private var image: [ValueView] = []
  private var refused = RefusedRows()

  /// What the loop over rows needs of a table's plan. A class, because every row asks for it: a copy would count its
  /// parts up and down each time.
  private final class Layout {
    let id: TableID
    let plan: TablePlan
    let sql: TableSQL
    let codecs: [ColumnCodec]
    let required: [Bool]
    /// Whether the staging table has the column.
    let staged: [Bool]
    let stagedCount: Int
    let width: RowWidth
    /// Where a delete has the value of each column; −1 outside the key.
    let places: [Int]

    init(_ plan: TablePlan, schema: String) throws(Failure) {
      id = plan.id
      self.plan = plan
      sql = TableSQL(plan, schema: schema)
      codecs = try plan.columns.map { column throws(Failure) in try ColumnCodec(column) }
      required = plan.columns.map(\.notNull)
      let positions = Set(plan.stagedPositions)
      staged = plan.columns.indices.map { positions.contains($0) }
      stagedCount = positions.count
      width = RowWidth(plan.stagedPositions.map { plan.columns[$0] })
      places = plan.columns.indices.map { plan.keyPositions.firstIndex(of: $0) ?? -1 }
    }
  }

  init(
    plans: [TableID: TablePlan], held: Set<TableID>, schema: String, _ quarantine: Quarantine, withKeys: Bool,
    measures: Bool
  ) {
    self.held = held
    self.measures = measures
    self.plans = plans
    self.schema = schema
    self.quarantine = quarantine
    self.withKeys = withKeys
  }

  mutating func add(_ batch: borrowing Batch, _ connection: inout Connection) throws {
    // The next batch may declare a table anew.
    try endCopy(&connection)
    layouts.removeAll()
    layout = nil
    try batch.withEntries { entries throws in
      while let entry = try entries.next() {
        ordinal += 1
        if held.contains(entry.table.id) { continue }
        if layout?.id != entry.table.id { try turn(to: entry.table, &connection) }
        guard let layout else { continue }
        switch entry {
        case .upsert: try addUpsert(&entries, layout)
        case .delete: try addDelete(&entries, layout)
        case .replaceTable(let table): replaced.insert(table.id)
        }
        try stream.flushIfFull(to: &connection)
        if refused.isFull {
          try endCopy(&connection)
          try refused.flush(to: quarantine, &connection)
          try beginCopy(layout, &connection)
        }
      }
    }
  }

  mutating func finish(_ connection: inout Connection) throws {
    try endCopy(&connection)
    try refused.flush(to: quarantine, &connection)
  }

  /// Ends the COPY into one table and begins the one into another.
  private mutating func turn(to table: JournalTable, _ connection: inout Connection) throws {
    try endCopy(&connection)
    let next: Layout
    if let known = layouts[table.id] {
      next = known
    } else {
      next = try Layout(GroupApplier.plan(of: table, among: plans), schema: schema)
      layouts[table.id] = next
      if !tables.contains(where: { $0.plan.id == table.id }) {
        tables.append((next.plan, next.sql))
        try connection.execute(next.sql.createStage)
      }
    }
    layout = next
    try beginCopy(next, &connection)
  }

  private mutating func beginCopy(_ layout: Layout, _ connection: inout Connection) throws {
    try stream.begin(
      layout.sql.copyStage, fieldCount: layout.stagedCount + TableSQL.stageColumns, on: &connection)
    isCopying = true
  }

  private mutating func endCopy(_ connection: inout Connection) throws {
    guard isCopying else { return }
    isCopying = false
    try stream.end(on: &connection)
  }

  private mutating func addUpsert(_ entries: inout EntryCursor, _ layout: Layout) throws {
    image.removeAll(keepingCapacity: true)
    let start = begin(.upsert)
    var misfit: (column: Int, misfit: Misfit)?
    for column in 0..<layout.codecs.count {
      let value = try entries.value()
      image.append(value)
      if misfit != nil || !layout.staged[column] { continue }
      if case .null = value, layout.required[column] {
        misfit = (column, .null)
      } else if let found = Conversion.append(value, as: layout.codecs[column], to: &stream.buffer) {
        misfit = (column, found)
      }
    }
    let isTooWide = measures && misfit == nil && layout.width.exceedsPage(stream.buffer.bytes, from: start, leading: 2)
    if misfit != nil || isTooWide {
      stream.buffer.truncate(to: start)
      let key = layout.plan.keyPositions.map { image[$0] }
      refused.append(
        RefusedRow(
          table: layout.plan, key: key.map(\.owned), image: image.map(\.owned),
          column: misfit.map { layout.plan.columns[$0.column].sourceName },
          reason: misfit?.misfit.reason ?? RefusedRow.tooWide, state: isTooWide ? PostgresError.limitExceeded : nil))
      addKey(key, .refuse, layout)
    } else {
      addQuarantineKey(withKeys ? layout.plan.keyPositions.map { image[$0] } : nil)
    }
  }

  private mutating func addDelete(_ entries: inout EntryCursor, _ layout: Layout) throws {
    image.removeAll(keepingCapacity: true)
    for _ in layout.plan.keyPositions { image.append(try entries.value()) }
    addKey(image, .delete, layout)
  }

  /// Adds a row that has a key and NULL in the other columns. A key that cannot stand on the target is not there: its row
  /// has no key either.
  private mutating func addKey(_ key: [ValueView], _ operation: StageOperation, _ layout: Layout) {
    let start = begin(operation)
    for column in 0..<layout.codecs.count where layout.staged[column] {
      let value = layout.places[column] < 0 ? .null : key[layout.places[column]]
      if Conversion.append(value, as: layout.codecs[column], to: &stream.buffer) == nil { continue }
      stream.buffer.truncate(to: start)
      _ = begin(operation)
      for _ in 0..<layout.stagedCount { stream.buffer.append(bigEndian: Int32(-1)) }
      break
    }
    addQuarantineKey(withKeys ? key : nil)
  }

  private mutating func addQuarantineKey(_ key: [ValueView]?) {
    guard let key else { return stream.buffer.append(bigEndian: Int32(-1)) }
    let bytes = ValueList.encode(key.map(\.owned))
    stream.buffer.append(bigEndian: Int32(truncatingIfNeeded: bytes.count))
    stream.buffer.append(bytes)
  }

  private mutating func begin(_ operation: StageOperation) -> Int {
    let start = stream.beginRow()
    stream.buffer.append(bigEndian: Int32(8))
    stream.buffer.append(bigEndian: ordinal)
    stream.buffer.append(bigEndian: Int32(2))
    stream.buffer.append(bigEndian: operation.rawValue)
    return start
  }
}
