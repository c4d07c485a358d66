import Glibc
import TestSupport
import Testing

/// Random statements over random schemas against a sync that is killed, stopped and cut off (group A of the cases, and what
/// nobody thought of), compared by code that is not the product's: Tests/Support/fuzz.py.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct FuzzTests {
  private func fuzz(_ arguments: [String], seconds: Double = 300) throws -> Program.Result {
    var environment = Variables.base
    environment["DATABASE_URL"] = Variables["DATABASE_URL"]
    let script = "\(Files.checkout)/Tests/Support/fuzz.py"
    return try Program.run(
      ["python3", script, Scenario.binary] + arguments, environment: environment, seconds: seconds)
  }

  /// A hundred seeds at a time. `make fuzz SEEDS=5000 FIRST=1` runs any number; what fails is printed as a short script.
  @Test(arguments: 0..<3)
  func `whatever is written, and whenever sync is killed, both stores are equal`(part: Int) throws {
    let result = try fuzz(["--first", "\(1 + part * 100)", "--seeds", "100", "--reduce-seconds", "30"])
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  /// Changes that are hidden from our triggers, to see that the fuzzer finds what it is for.
  @Test func `a change that was missed is found, and its history reduced to a script that shows it again`() throws {
    let directory = try #require(mkdtemp(strdup("/tmp/changeover-fuzzed.XXXXXX")).map { String(cString: $0) })
    defer { Files.remove(directory) }
    let found = try fuzz(["--plant", "--seeds", "1", "--reduce-seconds", "40", "--scripts", directory])
    #expect(found.status == 1 && found.output.contains("the stores differ"), "\(found.output)\(found.errors)")
    let script = directory + "/seed-1.sql"
    let text = Files.text(script)
    #expect(text.contains("planted") && text.contains("DELETE FROM"), "\(found.output)")
    // Of forty; how far it comes in its time is the machine's affair.
    #expect(text.components(around: "-- unit") - 1 <= 20, "\(text)")
    let again = try fuzz(["--script", script])
    #expect(again.status == 1 && again.output.hasPrefix("the stores differ"), "\(again.output)\(again.errors)")
  }
}
