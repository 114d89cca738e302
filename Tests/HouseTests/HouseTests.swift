import Foundation
import Testing

/// The rules of the house, read off the repository itself.
@Suite struct HouseTests {
  @Test func theRepositoryIsFound() {
    #expect(!Repository.product.isEmpty)
    #expect(!Repository.tests.isEmpty)
  }

  // MARK: Who may know whom

  /// Records ← Expression ← Formats ← Engine ← {HTTP, SQL} ← plugins ← Command.
  @Test func dependenciesRunOneWay() throws {
    let plugins = try Repository.folders(in: "Plugins")
    let shared: Set = ["HTTP", "SQL"]
    let core: Set = ["Records", "Expression", "Formats", "Engine"]
    let all = core.union(shared).union(plugins)
    func allowed(_ path: String) -> Set<String> {
      let parts = path.split(separator: "/").map(String.init)
      return switch (parts[0], parts[1]) {
      case ("Core", "Records"): []
      case ("Core", "Expression"): ["Records"]
      case ("Core", "Formats"): ["Records", "Expression"]
      case ("Core", "Engine"): ["Records", "Expression", "Formats"]
      case ("Core", "HTTP"), ("Plugins", "SQL"): core
      case ("Core", "Command"): parts.last == "Plugins.swift" ? all : core
      default: core.union(shared)
      }
    }
    for file in Repository.product {
      let own = String(file.path.split(separator: "/")[1])
      for (module, line) in file.imports where all.contains(module) && module != own {
        #expect(allowed(file.path).contains(module), "\(file.path):\(line): \(own) must not know \(module)")
      }
    }
  }

  /// Package.swift says the same: a plugin names C libraries and what is shared, never another plugin.
  @Test func pluginsAreDeclaredOnTheirOwn() throws {
    let package = try Repository.text(of: "Package.swift")
    let plugins = try Repository.folders(in: "Plugins")
    for name in plugins {
      guard let start = package.range(of: "plugin(\"\(name)\"") else {
        Issue.record("Plugins/\(name) has no line in Package.swift")
        continue
      }
      let line = package[start.upperBound...].prefix { $0 != "\n" }
      for other in plugins where other != name && other != "SQL" {
        #expect(!line.contains("\"\(other)\""), "Package.swift: \(name) must not know \(other)")
      }
    }
  }

  /// A C library is seen in the folder that holds its module map, and in few of its files.
  @Test func librariesAreConfined() {
    // SQLite serves the record of runs and is a database as well.
    let elsewhere = ["CSQLite": "Plugins/SQLite/"]
    let maps = Repository.files(in: "Core", "module.modulemap") + Repository.files(in: "Plugins", "module.modulemap")
    for map in maps {
      let parts = map.path.split(separator: "/").map(String.init)
      let library = parts[parts.count - 2]
      let owner = parts.dropLast(2).joined(separator: "/") + "/"
      for file in Repository.product + Repository.tests {
        for (module, line) in file.imports where module == library {
          let isAllowed = file.path.hasPrefix(owner) || elsewhere[library].map(file.path.hasPrefix) == true
          #expect(isAllowed, "\(file.path):\(line): \(library) belongs to \(owner)")
        }
      }
    }
  }

  /// Foundation costs the command its quick start, and its types have no place where rows move.
  @Test func foundationStaysOut() {
    for file in Repository.product {
      for (module, line) in file.imports where module.hasPrefix("Foundation") {
        Issue.record("\(file.path):\(line): use Glibc instead of \(module)")
      }
    }
  }

  // MARK: What code does not say

  @Test(arguments: ["try!", "as!", "fatalError(", "print(", "debugPrint(", "NSLog("])
  func bannedCallsAreAbsent(call: String) {
    // A type may have a method of that name.
    for file in Repository.product where !file.code.contains(where: { $0.contains("func \(call)") }) {
      for (number, line) in file.code.enumerated() where line.contains(call) {
        #expect(!contains(line, call), "\(file.path):\(number + 1): \(call)")
      }
    }
  }

  /// Whether `call` stands there as a word of its own, and is not a method of something or a case of an enum.
  private func contains(_ line: String, _ call: String) -> Bool {
    line.ranges(of: call).contains { range in
      guard let before = line[..<range.lowerBound].last else { return true }
      let isDeclared = line[..<range.lowerBound].hasSuffix("case ")
      return !before.isLetter && !before.isNumber && before != "_" && before != "." && !isDeclared
    }
  }

  @Test func nothingIsForceUnwrapped() {
    for file in Repository.product {
      for (number, line) in file.code.enumerated() where line.contains("!") {
        #expect(!forceUnwraps(line), "\(file.path):\(number + 1): \(line.trimmingCharacters(in: .whitespaces))")
      }
    }
  }

  /// Whether a `!` follows what can be unwrapped and does not begin `!=`.
  private func forceUnwraps(_ line: String) -> Bool {
    let characters = Array(line.utf8)
    return characters.indices.dropFirst().contains { at in
      guard characters[at] == UInt8(ascii: "!") else { return false }
      let before = Character(UnicodeScalar(characters[at - 1]))
      let after = at + 1 < characters.count ? characters[at + 1] : UInt8(ascii: " ")
      let isUnwrapped = before.isLetter || before.isNumber || "_)]}?".contains(before)
      return isUnwrapped && after != UInt8(ascii: "=")
    }
  }

  /// Spelt in two halves, so that this file passes.
  @Test(arguments: ["TO" + "DO", "FIX" + "ME", "failed " + "to"])
  func bannedWordsAreAbsent(word: String) {
    for file in Repository.product {
      for (number, line) in file.lines.enumerated() where line.localizedCaseInsensitiveContains(word) {
        let isWord = word.contains(" ") || line.contains(word)
        #expect(!isWord, "\(file.path):\(number + 1): \(word)")
      }
    }
  }

  /// The project knows nothing of the machine that it was written on.
  @Test func noMachineIsNamed() {
    let place = "/wo" + "rk/"
    var files = Repository.product + Repository.tests
    for folder in ["Core", "Plugins", "Tests", "Benchmarks", "docs", "examples", "fixtures"] {
      files += Repository.files(in: folder, ".md", ".yaml", ".json", ".sh", ".py", ".awk", ".h", ".c", ".cpp")
    }
    files += ["README.md", "Makefile", "Package.swift", "docker-compose.test.yml", ".ci/run"].map(Source.init)
    for file in files {
      for (number, line) in file.lines.enumerated() {
        #expect(!line.contains(place), "\(file.path):\(number + 1)")
      }
    }
  }

  /// Names, keys and values of data are the same when their bytes are: dictionaries and sets of them have `ExactText`
  /// as their key, and `==` is `isExactly`. Words that stand in code need no such care.
  @Test func textsOfDataAreComparedByTheirBytes() throws {
    let typed = /\[String: [^=]*\][^)]*( =|\(|$)|Set<String>|\[String: [A-Za-z<>\[\]]+\] =/
    let compared = /\.(name|key|columnName|label)\)? [!=]= [a-z$]|firstIndex\(of: (name|key|text|symbol)\)/
    let folders = [
      "Core/Records/", "Core/Expression/", "Core/Formats/", "Core/Engine/Kit/", "Core/Engine/Tasks/", "Plugins/Serdes/",
      "Plugins/SQL/",
    ]
    for file in Repository.product where folders.contains(where: file.path.hasPrefix) {
      if Self.filesOfOwnWords.contains(where: file.path.hasSuffix) { continue }
      for (number, line) in file.code.enumerated() where !line.contains("static let") {
        let isText = line.contains(typed) || line.contains(compared)
        #expect(!isText, "\(file.path):\(number + 1): \(line.trimmingCharacters(in: .whitespaces))")
      }
    }
  }

  /// Where dictionaries hold what Ferry itself names: properties, what rides in a file's head.
  private static let filesOfOwnWords = [
    "Kit/PropertyDecoder.swift", "Kit/Declarations.swift", "IPC/SchemaReader.swift", "IPC/SchemaWriter.swift",
    "Records/DataType.swift",
    "Avro/AvroOptions.swift",
  ]

  /// Raw memory belongs to Records, to what faces C, and to few inner loops. The number only goes down: 40 is the goal.
  @Test func rawMemoryIsConfined() {
    let files = Repository.product.filter { file in file.code.contains { $0.contains("Unsafe") } }
    #expect(files.count <= 40, "\(files.map(\.path).joined(separator: "\n"))")
  }

  // MARK: Sizes

  @Test func filesAreShort() {
    for file in Repository.product + Repository.tests {
      #expect(file.lines.count - 1 <= 500, "\(file.path): \(file.lines.count - 1) lines")
    }
  }

  @Test func linesAreShort() {
    var files = Repository.product + Repository.tests + ["Package.swift", "Makefile"].map(Source.init)
    for folder in ["Tests", "Benchmarks", "examples", "fixtures/flows"] {
      files += Repository.files(in: folder, ".sh", ".awk", ".yaml", ".py")
    }
    for file in files {
      for (number, line) in file.lines.enumerated() where line.utf8.count > 120 {
        #expect(line.count <= 120, "\(file.path):\(number + 1): \(line.count) columns")
      }
    }
  }

  // MARK: The scanner

  @Test func scannerTellsCodeFromText() {
    let text = ##"""
      let a = "x! \(b ?? "y!") z!" // c!
      /* d! /* e! */ f! */ let g = h!
      let i = #"j" k! \#(l!) "#
      let m = """
        n! \(o!)
        """
      """##
    let code = Source(path: "x.swift", text: text).code
    let marked = code.joined().filter { !$0.isWhitespace }
    #expect(marked == "leta=b??letg=h!leti=l!letm=o!")
  }

  @Test func scannerFindsImports() {
    let text = """
      internal import Glibc
      @testable import Records
      // import Foundation
      public import struct SQL.Driver
      """
    let found = Source(path: "x.swift", text: text).imports
    #expect(found.map(\.module) == ["Glibc", "Records", "SQL"])
    #expect(found.map(\.line) == [1, 2, 4])
  }
}
