import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// Internal storage, flows and files of other places: nothing needs a path of this machine.
@Suite struct StoragesTests {
  /// A storage that has no files: objects in memory, as a bucket has them.
  private final class Bucket: Storage {
    private let objects = Locked<[StorageURI: [UInt8]]>([:])

    private final class Output: ByteOutput {
      let name: String
      private var bytes: [UInt8] = []
      private let store: ([UInt8]) -> Void

      init(_ name: String, _ store: @escaping ([UInt8]) -> Void) {
        self.name = name
        self.store = store
      }

      func write(_ more: Span<UInt8>) throws { bytes.append(more) }
      func commit() throws { store(bytes) }
    }

    /// In order only, a few bytes at a time.
    private final class Input: ByteInput {
      let name: String
      let size: Int64?
      private var bytes: ArraySlice<UInt8>

      init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes[...]
        size = Int64(bytes.count)
      }

      func read(into room: inout OutputSpan<UInt8>) throws -> Int {
        let part = bytes.prefix(min(room.freeCapacity, 1_000))
        room.append(part.span)
        bytes = bytes.dropFirst(part.count)
        return part.count
      }
    }

    private func bytes(_ uri: StorageURI) throws -> [UInt8] {
      guard let bytes = objects.withLock({ $0[uri] }) else {
        throw Failure(.configuration, "there is no object '\(uri.text)'")
      }
      return bytes
    }

    func put(_ uri: String, _ text: String) throws {
      let uri = try StorageURI(uri)
      objects.withLock { $0[uri] = Array(text.utf8) }
    }

    var names: [String] { objects.withLock { $0.keys.map(\.text).sorted() } }

    func open(_ uri: StorageURI, range: Range<Int64>?) throws -> any ByteInput {
      let all = try bytes(uri)
      let range = range.map { Int($0.lowerBound)..<min(Int($0.upperBound), all.count) } ?? all.indices
      return Input(uri.text, Array(all[range]))
    }

    func create(_ uri: StorageURI) throws -> any ByteOutput {
      Output(uri.text) { [objects] bytes in objects.withLock { $0[uri] = bytes } }
    }

    func list(_ uri: StorageURI) throws -> [String] {
      let depth = uri.components.count
      let below = objects.withLock { $0.keys.filter { $0.authority == uri.authority } }
        .filter { $0.components.count > depth && Array($0.components.prefix(depth)) == uri.components }
      return Set(below.map { $0.components[depth] + ($0.components.count > depth + 1 ? "/" : "") }).sorted()
    }

    func exists(_ uri: StorageURI) throws -> Bool { objects.withLock { $0[uri] != nil } }

    func attributes(_ uri: StorageURI) throws -> StorageAttributes {
      StorageAttributes(size: Int64(try bytes(uri).count), modified: .now(), isFolder: false)
    }

    func move(_ from: StorageURI, to: StorageURI) throws {
      let all = try bytes(from)
      objects.withLock { objects in
        objects[to] = all
        objects[from] = nil
      }
    }

    func delete(_ uri: StorageURI) throws -> Bool { objects.withLock { $0.removeValue(forKey: uri) != nil } }
    func deletePrefix(_ uri: StorageURI) throws -> Int { 0 }
    func deleteUnfinished(below uri: StorageURI) throws {}
    func localPath(_ uri: StorageURI) throws -> String? { nil }
  }

  private static let memory = StorageURI.Scheme(rawValue: "mem")

  /// Rows, texts and kept values go through a storage without a single file.
  @Test func internalStorageNeedsNoFiles() async throws {
    let bucket = Bucket()
    let bench = try Bench(threads: 2, storage: bucket)
    let run = try await bench.run(
      """
      id: bucket
      namespace: shop
      tasks:
        - {id: rows, type: hello.Rows, names: [ada, bob, eve]}
        - {id: text, type: io.kestra.plugin.serdes.json.IonToJson, from: "{{ outputs.rows.uri }}"}
        - {id: size, type: core.storage.Size, uri: "{{ outputs.text.uri }}"}
        - {id: set, type: core.kv.Set, key: last, value: "{{ outputs.size.size }}"}
        - {id: read, type: core.debug.Return, format: "{{ kv('last') }} {{ read(outputs.text.uri) | length }}"}
      """)
    #expect(run.state == .success, "\(run.error ?? "")")
    let size = try #require(run.output("size", "size")?.int)
    #expect(run.output("read") == .string("\(size) \(size)"))
    #expect(bucket.names.count == 3 && bucket.names.contains("ferry:///shop/_kv/last.json"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.path + "/storage/files").isEmpty)
  }

  /// A flow and the one that it runs lie in a bucket; so do the files beside them.
  @Test func flowsLieWhereverTheyLie() async throws {
    let bucket = Bucket()
    try bucket.put(
      "mem://flows/daily/parent.yaml",
      "id: parent\ntasks: [{id: sub, type: core.flow.Subflow, flowId: child, inputs: {n: 7}}]")
    try bucket.put(
      "mem://flows/daily/child.yml",
      """
      id: child
      inputs: [{id: n, type: INT}]
      tasks:
        - {id: read, type: core.debug.Return, format: "{{ read('texts/hello.txt') }} {{ inputs.n }}"}
        - {id: uri, type: core.debug.Return, format: "{{ fileURI('texts/hello.txt') }}"}
        - {id: size, type: core.storage.Size, uri: nsfile:///texts/hello.txt}
      outputs: [{id: text, type: STRING, value: "{{ outputs.read.value }} {{ outputs.size.size }}"}]
      """)
    try bucket.put("mem://flows/daily/texts/hello.txt", "hello")
    let bench = try Bench(storages: [StoragesTests.memory: bucket])
    let flows = StoredFlows(bucket)
    let (flow, found) = try FlowParser.load("mem://flows/daily/parent.yaml", in: flows, registry: bench.registry)
    #expect(found.map(\.line) == [])
    let run = try await bench.engine.run(try #require(flow), inputs: [:], cancellation: Cancellation())
    #expect(run.state == .success, "\(run.error ?? "")")
    #expect(run.output("sub", "outputs") == ["text": "hello 7 5"])
    // What is wrong with it is found by the check.
    try bucket.put("mem://flows/daily/child.yml", "id: child\ntasks: [{id: a, type: core.debug.Retrun}]")
    let (_, problems) = try FlowParser.load("mem://flows/daily/parent.yaml", in: flows, registry: bench.registry)
    #expect(problems.first?.line.contains("the flow 'child' has problems: mem://flows/daily/child.yml:2:") == true)
  }

  @Test func eachSchemeGoesWhereItBelongs() throws {
    let folder = try Folder()
    let bucket = Bucket()
    let storages = Storages(
      internal: try LocalStorage(root: folder.path + "/files"), [StoragesTests.memory: bucket])
    try bucket.put("mem://b/x.txt", "0123456789")
    let uri = try StorageURI("mem://b/x.txt")
    #expect(uri.authority == "b" && uri.components == ["x.txt"] && uri.text == "mem://b/x.txt")
    #expect(try String.contents(of: storages.open(uri, range: 2..<5)) == "234")
    // From one to the other it is copied.
    try storages.move(uri, to: StorageURI("ferry:///a/y.txt"))
    #expect(try !bucket.exists(uri))
    #expect(try String.contents(of: storages.open(StorageURI("ferry:///a/y.txt"), range: nil)) == "0123456789")
    let path = try folder.write("z.txt", "file")
    #expect(try String.contents(of: storages.open(StorageURI("file://" + path), range: nil)) == "file")
    for unknown in ["s3:///bucket/key", "http:///a", "gs://bucket/x"] {
      let error = #expect(throws: Failure.self) { try storages.open(StorageURI(unknown), range: nil) }
      #expect(error?.message == "'\(unknown)': the scheme '\(unknown.split(separator: ":")[0])' is not known")
      #expect(error?.hint == "Known are ferry, file, kestra, mem")
    }
  }

  @Test(arguments: [
    ("a.txt", "/data/flows", "file:///data/flows/a.txt"), ("../a.txt", "/data/flows", "file:///data/a.txt"),
    ("/a.txt", "mem://b/flows", "file:///a.txt"), ("a/b.txt", "mem://b/flows", "mem://b/flows/a/b.txt"),
    ("../../../a.txt", "mem://b/flows", "mem://b/a.txt"), ("./a", "ferry:///x", "ferry:///x/a"),
  ]) func relativePathsBeginAtTheFolder(path: String, folder: String, uri: String) throws {
    #expect(try StorageURI(path: path, in: folder).text == uri)
  }
}
