import Capture
import Model
import Pipeline
import SQLite
import Schema
import TestSupport
import Testing

/// A real file whose first table is scanned.
struct ScanBench {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  func scan(
    _ sql: String, _ overrides: Overrides = Overrides(), sample: Int? = nil
  ) throws -> (table: SourceTable, result: TypeScan.Result) {
    let database = try Database(path: directory.file("app.db"), access: .create)
    try database.execute(sql)
    let table = try #require(try SourceCatalogue.read(database).tables.first)
    return (
      table,
      try TypeScan.scan(
        table, in: database, overrides: overrides, sample: sample, measuresTexts: true, stop: StopSignal()
      ) { _ in
      }
    )
  }
}
