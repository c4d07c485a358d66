import Model
import Postgres

/// Who keeps locks on the target's tables that a switch has to wait for, in either direction.
package struct OpenTransactions: Sendable, Equatable {
  /// A session with an open transaction that wrote to the tables, or locked them.
  package struct Session: Sendable, Equatable {
    package var pid: Int32
    package var application: String
    package var role: String
    /// Seconds since the transaction began; nil where this role may not see it.
    package var age: Double?
    /// As `pg_stat_activity.state` tells it; empty where this role may not see it.
    package var state: String

    package init(pid: Int32, application: String, role: String, age: Double?, state: String) {
      self.pid = pid
      self.application = application
      self.role = role
      self.age = age
      self.state = state
    }

    /// For people: who, since when, doing what; never what was asked.
    package var sentence: String {
      let name = application.isEmpty ? "" : " '\(application)'"
      let since = age.map { ", open for \(($0 * 10).rounded() / 10) s" } ?? ""
      return "pid \(pid)\(name) of role \(role)\(since)\(state.isEmpty ? "" : ", \(state)")"
    }
  }

  package var sessions: [Session] = []
  /// Transactions that somebody prepared (PREPARE TRANSACTION) and that wait for their end, by their names. Those that
  /// only read are among them: a lock that no session will give back is also in the way of dropping foreign keys.
  package var prepared: [String] = []

  package init(sessions: [Session] = [], prepared: [String] = []) {
    self.sessions = sessions
    self.prepared = prepared
  }

  /// For people: all of them.
  package var sentence: String {
    let all = sessions.map(\.sentence) + prepared.map { "prepared transaction '\($0)'" }
    return all.isEmpty ? "gone by now" : all.joined(separator: "; ")
  }

  /// - Parameter tables: qualified and quoted.
  package static func look(_ tables: [String], _ connection: inout Connection) throws -> OpenTransactions {
    let names = tables.map { PostgresText.literal($0) }.joined(separator: ", ")
    let held = """
      SELECT l.pid, l.virtualtransaction FROM pg_locks AS l
      WHERE l.locktype = 'relation' AND l.granted
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.relation IN (SELECT to_regclass(name)::oid FROM unnest(ARRAY[\(names)]::text[]) AS name)
      """
    // What SHARE ROW EXCLUSIVE conflicts with.
    let conflicting = """
      \(held) AND l.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
          'ExclusiveLock', 'AccessExclusiveLock')
      """
    var found = OpenTransactions()
    let sessions = try connection.query(
      """
      SELECT a.pid, coalesce(a.application_name, ''), coalesce(a.usename::text, ''), coalesce(a.state, ''),
        extract(epoch FROM clock_timestamp() - a.xact_start)::float8
      FROM pg_stat_activity AS a WHERE a.pid IN (SELECT pid FROM (\(conflicting)) AS h) AND a.pid <> pg_backend_pid()
      ORDER BY a.xact_start NULLS LAST, a.pid
      """)
    for row in 0..<sessions.rowCount {
      found.sessions.append(
        Session(
          pid: try sessions.int32(row, 0), application: try sessions.string(row, 1), role: try sessions.string(row, 2),
          age: try sessions.doubleOrNil(row, 4), state: try sessions.string(row, 3)))
    }
    let prepared = try connection.query(
      """
      SELECT p.gid FROM pg_prepared_xacts AS p
        JOIN pg_locks AS own ON own.locktype = 'transactionid' AND own.transactionid = p.transaction AND own.pid IS NULL
      WHERE own.granted AND own.virtualtransaction IN (SELECT virtualtransaction FROM (\(held)) AS h WHERE pid IS NULL)
      ORDER BY p.prepared
      """)
    for row in 0..<prepared.rowCount { found.prepared.append(try prepared.string(row, 0)) }
    return found
  }

  /// Ends sessions; returns those that this role may not end, or that are gone.
  package static func terminate(_ sessions: [Session], _ connection: inout Connection) throws -> [Session] {
    var left: [Session] = []
    for session in sessions {
      var parameters = Parameters()
      parameters.append(int64: Int64(session.pid))
      do {
        if try !connection.query("SELECT pg_terminate_backend($1::int)", parameters).bool(0, 0) { left.append(session) }
      } catch {
        guard error.sqlState == "42501" else { throw error }
        left.append(session)
      }
    }
    return left
  }
}
