import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// Internal storage on the local file system.
@Suite struct StorageTests {
  private func storage(_ folder: Folder) throws -> LocalStorage { try LocalStorage(root: folder.path + "/root") }

  private func write(_ storage: LocalStorage, _ uri: String, _ text: String) throws {
    let output = try storage.create(StorageURI(uri))
    try output.write(text: text)
    try output.commit()
  }

  private func read(_ storage: LocalStorage, _ uri: String, range: Range<Int64>? = nil) throws -> String {
    try String.contents(of: storage.open(StorageURI(uri), range: range))
  }

  @Test func filesAreWrittenReadListedMovedAndDeleted() throws {
    let folder = try Folder()
    let storage = try storage(folder)
    try write(storage, "ferry:///a/b/one.txt", "0123456789")
    try write(storage, "kestra:///a/b/two words %.txt".replacingOccurrences(of: "%", with: "%25"), "zwei")
    try write(storage, "ferry:///a/c/größe.txt", "drei")
    #expect(try read(storage, "kestra:///a/b/one.txt") == "0123456789")
    #expect(try read(storage, "FERRY:/a/b/one.txt") == "0123456789")
    #expect(try read(storage, "ferry:///a/b/two%20words%20%25.txt") == "zwei")
    #expect(try read(storage, "ferry:///a/b/one.txt", range: 2..<5) == "234")
    #expect(try read(storage, "ferry:///a/b/one.txt", range: 8..<50) == "89")
    #expect(try read(storage, "ferry:///a/b/one.txt", range: 50..<60) == "")
    #expect(try storage.list(StorageURI("ferry:///a")) == ["b/", "c/"])
    #expect(try storage.list(StorageURI("ferry:///a/b")) == ["one.txt", "two words %.txt"])
    let attributes = try storage.attributes(StorageURI("ferry:///a/b/one.txt"))
    #expect(attributes.size == 10 && !attributes.isFolder)
    try storage.move(StorageURI("ferry:///a/b/one.txt"), to: StorageURI("ferry:///x/y/z.txt"))
    #expect(try !storage.exists(StorageURI("ferry:///a/b/one.txt")))
    #expect(try read(storage, "ferry:///x/y/z.txt") == "0123456789")
    #expect(try storage.delete(StorageURI("ferry:///x/y/z.txt")))
    #expect(try !storage.delete(StorageURI("ferry:///x/y/z.txt")))
    #expect(try storage.deletePrefix(StorageURI("ferry:///a")) == 2)
    #expect(try !storage.exists(StorageURI("ferry:///a")))
    #expect(throws: Failure.self) { try storage.deletePrefix(StorageURI("ferry:///")) }
    #expect(throws: Failure.self) { try storage.deletePrefix(StorageURI("file:///tmp")) }
  }

  @Test(arguments: ["plain", "two words", "100%", "größe", "a?b#c", "%2e%2e", "日本", "a+b&c=d", "\u{1F600}"])
  func namesComeThroughTheirURI(name: String) throws {
    let text = "ferry:///a/" + StorageURI.percentEncoded(name)
    let uri = try StorageURI(text)
    #expect(uri.name == name && uri.text == text)
    #expect(try StorageURI(uri.text) == uri)
  }

  @Test func nothingHasItsNameBeforeTheCommit() throws {
    let folder = try Folder()
    let storage = try storage(folder)
    let uri = try StorageURI("ferry:///a/b.txt")
    try write(storage, uri.text, "old")
    // A name of the user's own.
    try write(storage, "ferry:///a/1.part", "whole")
    do {
      let output = try storage.create(uri)
      try output.write(text: "new")
      #expect(try read(storage, uri.text) == "old")
      #expect(try storage.list(StorageURI("ferry:///a")) == ["1.part", "b.txt"])
    }
    // Dropped without a commit: nothing is left, and what was there is.
    #expect(try FileManager.default.contentsOfDirectory(atPath: storage.root + "/a").sorted() == ["1.part", "b.txt"])
    #expect(try read(storage, uri.text) == "old")
  }

  @Test(arguments: [
    "ferry:///a/../b", "ferry:///..", "ferry:///a/%2e%2e/b", "ferry:///a/%2E%2E", "ferry:///a/.%2e/b", "ferry:///a%2fb",
    "ferry:///a/%+5", "ferry:///a/%5",
    "ferry:///a/./b", "ferry:///a/%00b", "ferry:///%", "ferry:///%zz", "ferry://host/a", "file://host/etc/passwd",
    "ht tp:///a", "1s3:///bucket/key", "a/b", "", "kestra:///a/%2e%2E/%2e./b", "file:///tmp/../etc/passwd",
  ])
  func whatLeavesTheFolderIsRefused(uri: String) {
    #expect(throws: Failure.self) { try StorageURI(uri) }
  }

  @Test func symbolicLinksLeadNowhere() throws {
    let folder = try Folder()
    let storage = try storage(folder)
    try folder.write("outside.txt", "secret")
    try FileManager.default.createDirectory(atPath: folder.path + "/root-2", withIntermediateDirectories: true)
    for (link, target) in [
      ("file", folder.path + "/outside.txt"), ("folder", folder.path), ("up", ".."),
      ("neighbour", folder.path + "/root-2"),
      ("dangling", folder.path + "/not-there"),
    ] {
      try FileManager.default.createSymbolicLink(atPath: storage.root + "/" + link, withDestinationPath: target)
    }
    for uri in ["ferry:///file", "ferry:///folder/outside.txt", "ferry:///up/outside.txt", "ferry:///neighbour/x"] {
      #expect(throws: Failure.self, "\(uri)") { try storage.open(StorageURI(uri), range: nil) }
      #expect(throws: Failure.self, "\(uri)") { try storage.create(StorageURI(uri)) }
      #expect(throws: Failure.self, "\(uri)") { try storage.delete(StorageURI(uri)) }
      #expect(throws: Failure.self, "\(uri)") { try storage.attributes(StorageURI(uri)) }
      #expect(throws: Failure.self, "\(uri)") { try storage.move(StorageURI(uri), to: StorageURI("ferry:///b")) }
    }
    #expect(throws: Failure.self) { try storage.create(StorageURI("ferry:///dangling/x")) }
    try write(storage, "ferry:///dangling", "inside")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/not-there"))
    #expect(try String(contentsOfFile: folder.path + "/outside.txt", encoding: .utf8) == "secret")
    // Deleting a folder takes the links in it, not what they lead to.
    try write(storage, "ferry:///deep/x", "x")
    try FileManager.default.createSymbolicLink(atPath: storage.root + "/deep/link", withDestinationPath: folder.path)
    #expect(try storage.deletePrefix(StorageURI("ferry:///deep")) == 2)
    #expect(FileManager.default.fileExists(atPath: folder.path + "/outside.txt"))
  }

  @Test func aTaskThatFailsLeavesNoFile() async throws {
    let bench = try Bench()
    let execution = try await bench.run("tasks: [{id: a, type: test.Partial}]")
    #expect(execution.state == .failed)
    let files =
      FileManager.default.enumerator(atPath: bench.folder.path + "/storage/files")?.compactMap { $0 as? String } ?? []
    let left = files.filter { $0.hasSuffix(".arrow") || $0.hasSuffix(".txt") || $0.hasSuffix(".part") }
    #expect(left == [])
    let workspace = try #require(execution.error?.components(separatedBy: "in the middle, in ").last)
    #expect(workspace.hasPrefix("/") && !FileManager.default.fileExists(atPath: workspace))
  }

  @Test func filesBesideTheFlowAreRead() async throws {
    let bench = try Bench()
    try bench.folder.write("my query %41.sql", "select 1")
    let execution = try await bench.run(
      """
      tasks:
        - {id: text, type: core.debug.Return, format: "{{ read('my query %41.sql') }}"}
        - {id: size, type: core.debug.Return, format: "{{ fileSize(fileURI('my query %41.sql')) }}"}
        - {id: out, type: core.debug.Return, format: "{{ read('../x') }}"}
      """)
    #expect(execution.output("text") == "select 1" && execution.output("size") == "8")
    #expect(execution.error?.contains("leaves the folder of the flow") == true)
  }
}
