import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

/// Case 38: limits that the host sets for the role.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct TimeoutTests {
  private let items = table("items", [id, column("a", "TEXT")], indexes: [index("items_a", term("a"))])

  /// Fails where one of the limits holds in our transaction.
  static let noLimits = """
    DO $$ BEGIN
      ASSERT current_setting('statement_timeout') = '0';
      ASSERT current_setting('lock_timeout') = '0';
      ASSERT current_setting('idle_in_transaction_session_timeout') = '0';
      ASSERT current_setting('synchronous_commit') = 'on';
    END $$
    """
  static let limits = [
    "statement_timeout = '3s'", "lock_timeout = '2s'", "idle_in_transaction_session_timeout = '4s'",
    "synchronous_commit = off",
  ]

  @Test(arguments: Route.allCases)
  func `limits of the role do not hold for our transactions`(_ route: Route) throws {
    let role = try Role(settings: Self.limits)
    let target = try Target(items, url: TestServer.uri(user: role.name))
    let changes: [Change] = [.upsert(items, [.one, .text("a")])]
    try target.apply(target.write(parts: route == .small ? [changes] : [changes, []]), finishing: [Self.noLimits])
    #expect(try target.rows(items) == [[.one, .text("a")]])
  }
}
