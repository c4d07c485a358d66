import Model
import Postgres
import Testing

struct ConnectionTargetTests {
  @Test func `describes a URI without its password`() throws {
    let target = try ConnectionTarget("postgresql://app:swordfish@db.example:6432/shop?sslmode=require")
    #expect(target.safeDescription == "PostgreSQL database shop at db.example:6432 (user app)")
    #expect(target.database == "shop")
    #expect(target.host == "db.example")
    #expect(target.port == "6432")
    #expect(target.user == "app")
    #expect(!"\(target) \(String(reflecting: target)) \([target])".contains("swordfish"))
    var dumped = ""
    dump(target, to: &dumped)
    #expect(!dumped.contains("swordfish"))
  }

  @Test func `describes sockets, several hosts and IPv6`() throws {
    let socket = try ConnectionTarget("host=/run/postgresql port=5433 dbname=shop user=app password='sword fish'")
    #expect(socket.safeDescription == "PostgreSQL database shop on the socket in /run/postgresql, port 5433 (user app)")
    let two = try ConnectionTarget("postgresql://app@a:1,b:2/shop")
    #expect(two.safeDescription == "PostgreSQL database shop at a:1 or at b:2 (user app)")
    let six = try ConnectionTarget("postgresql://app@[::1]:5432/shop")
    #expect(six.safeDescription == "PostgreSQL database shop at [::1]:5432 (user app)")
  }

  @Test func `takes a percent-encoded password`() throws {
    let target = try ConnectionTarget("postgresql://app:sword%40fi%2Fsh@h/d")
    #expect(target.host == "h")
  }

  @Test(arguments: [
    "postgresql://app:sword@swordfish@h/d", "postgresql://app:a/swordfish@h/d", "postgresql://app:1/swordfish@h/d",
    "postgresql://app:swordfish", "host=h password=a swordfish", "host=h password='swordfish", "swordfish",
    "postgresql://app:a%zzswordfish@h/d", "postgresql://h/d?swordfish", "postgresql://h/d?swordfish=a@b",
    "postgresql://app:swordfish@h:port/d", "host=h\0password=swordfish", "postgresql://app:pw@swordfish@h/d?a=b",
    "postgresql://[::1/swordfish", "host=a@swordfish",
  ])
  func `refuses a malformed target without repeating it`(_ conninfo: String) throws {
    do throws(Failure) {
      _ = try ConnectionTarget(conninfo)
      Issue.record("it was taken")
    } catch {
      #expect(error.status == .configuration)
      #expect(!error.description.contains("swordfish") || conninfo.contains("?swordfish=a@b"))
    }
  }

  @Test func `names another driver's parameters`() throws {
    do throws(Failure) {
      _ = try ConnectionTarget("postgresql://app:swordfish@h/d?sslmode=require&pgbouncer=true&connection_limit=1")
      Issue.record("it was taken")
    } catch {
      #expect(error.message.hasSuffix("does not know: pgbouncer, connection_limit"))
      #expect(!error.description.contains("swordfish"))
    }
  }
}
