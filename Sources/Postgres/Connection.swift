import CPostgres
import Model

/// A connection to PostgreSQL. One owner; closed once, when the value dies.
///
/// Every wait ends early when `stop` is raised or `deadline` passes: the running statement is cancelled, its results are
/// read and dropped, and `.stopped` or `.timedOut` is thrown. The connection is then usable, inside a failed
/// transaction if one was open; only a server that does not answer the cancel request in half a second loses it. After an
/// interrupted COMMIT it is not known whether it took effect.
///
/// Statements are unnamed and no session state is relied upon, so that PgBouncer may sit between in transaction mode.
package struct Connection: ~Copyable {
  var wire: Wire
  package let target: ConnectionTarget
  /// A pooler sits between, so session settings are not ours to change.
  package let isPooled: Bool
  /// `SET LOCAL` statements, each with its semicolon, to run after BEGIN: timeouts that the host sets and that a pooled
  /// connection must not change for others. Empty on a direct connection, where they have been set.
  package let localSettings: String

  /// Connects, and sets what hosts are known to set otherwise.
  /// - Parameters:
  ///   - applicationName: what `pg_stat_activity` shows.
  ///   - timeoutSeconds: for connecting as a whole; `connect_timeout` of the target goes before it. Looking up a host
  ///     name is the system's and may take longer.
  /// - Throws: `.connect`, `.stopped`, or what the first statement throws.
  package init(
    _ target: ConnectionTarget, applicationName: String, stop: StopSignal, timeoutSeconds: Double
  ) throws(PostgresError) {
    let end = ContinuousClock.now + .seconds(target.connectTimeoutSeconds ?? timeoutSeconds)
    let handle = try Self.open(target, applicationName: applicationName, stop: stop, end: end)
    do throws(PostgresError) {
      guard PQsetnonblocking(handle, 1) == 0, let canceller = CancelHandle(handle) else {
        throw .connect(ConnectError(.closed))
      }
      var wire = Wire(handle: handle, canceller: canceller, stop: stop, deadline: end)
      let settings = try wire.adjustSettings()
      wire.deadline = nil
      self.wire = wire
      self.target = target
      isPooled = settings.isPooled
      localSettings = settings.local
    } catch {
      PQfinish(handle)
      throw error
    }
  }

  deinit { PQfinish(wire.handle) }

  /// When every wait ends with `.timedOut`; nil for no limit.
  package var deadline: ContinuousClock.Instant? {
    get { wire.deadline }
    set { wire.deadline = newValue }
  }

  /// What ends every wait with `.stopped`. Exchange it for a fresh one to run what must not be interrupted.
  package var stop: StopSignal {
    get { wire.stop }
    set { wire.stop = newValue }
  }

  /// Cancels what this connection runs, from another thread.
  package var cancelHandle: CancelHandle { wire.canceller }

  /// 150018 for 15.18.
  package var serverVersion: Int { Int(PQserverVersion(wire.handle)) }

  /// The server process's number; a pooler invents one.
  package var backendPID: Int32 { PQbackendPID(wire.handle) }

  /// The database's encoding, "UTF8" as a rule.
  package var serverEncoding: String { wire.parameter("server_encoding") ?? "" }

  package var usesTLS: Bool { PQsslInUse(wire.handle) == 1 }

  package var transactionStatus: TransactionStatus { TransactionStatus(PQtransactionStatus(wire.handle)) }

  /// Whether the connection is open and at rest, as far as this side knows without asking the server.
  package var isHealthy: Bool {
    !wire.isBroken && PQstatus(wire.handle) == CONNECTION_OK && PQpipelineStatus(wire.handle) == PQ_PIPELINE_OFF
      && transactionStatus != .active && transactionStatus != .unknown
  }
}

@available(*, unavailable) extension Connection: Sendable {}
