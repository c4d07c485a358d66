import Model
import Postgres
import Testing

@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct QueryTests {
  @Test func `runs several statements at once`() throws {
    var connection = try TestServer.connect()
    try connection.execute("CREATE TEMP TABLE t (a int8); INSERT INTO t VALUES (1), (2)")
    let result = try connection.query("SELECT sum(a)::int8, count(*) FROM t")
    #expect(try result.int64(0, 0) == 3)
    #expect(try result.int64(0, 1) == 2)
    #expect(connection.isHealthy)
    #expect(!connection.isPooled)
  }

  @Test func `runs a pipeline`() throws {
    var connection = try TestServer.connect()
    var row = Parameters()
    let results = try connection.pipeline { pipeline in
      for number in 0..<100 {
        row.removeAll()
        row.append(int64: Int64(number))
        try pipeline.add("SELECT $1", row)
      }
    }
    #expect(results.count == 100)
    #expect(try results[42].int64(0, 0) == 42)
  }
}
