import Postgres

/// A statement with its parameters.
struct BoundQuery: ~Copyable {
  let sql: String
  let parameters: Parameters
}
