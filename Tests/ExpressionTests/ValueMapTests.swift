import Expression
import Testing

/// Maps in the order of their keys, small and large, alone and sharing their keys.
@Suite struct ValueMapTests {
  private func map(_ count: Int) -> ValueMap { ValueMap((0..<count).map { ("k\($0)", .int(Int64($0))) }) }

  @Test(arguments: [0, 1, 7, 8, 9, 10, 100]) func keysKeepTheirOrder(count: Int) {
    var map = map(count)
    #expect(map.count == count && map.isEmpty == (count == 0))
    #expect(map.keys == (0..<count).map { "k\($0)" })
    #expect(map.map { "\($0.key)=\($0.value.text)" } == (0..<count).map { "k\($0)=\($0)" })
    #expect((0..<count).allSatisfy { map["k\($0)"] == .int(Int64($0)) } && map["x"] == nil)
    map["x"] = "new"
    map["k0"] = "changed"
    #expect(map.keys == (0..<count).map { "k\($0)" } + (count == 0 ? ["x", "k0"] : ["x"]))
    #expect(map["x"] == "new" && map["k0"] == "changed")
    map["k0"] = nil
    map["nothing"] = nil
    #expect(map.keys == (0..<count).dropFirst().map { "k\($0)" } + ["x"])
    #expect(
      map["k0"] == nil && map["x"] == "new" && (1..<max(count, 1)).allSatisfy { map["k\($0)"] == .int(Int64($0)) })
  }

  /// Rows share their keys until one of them changes.
  @Test(arguments: [3, 30]) func rowsShareTheirKeys(count: Int) {
    let names = map(count)
    let first = ValueMap(like: names, (0..<count).map { .int(Int64($0 * 2)) })
    var second = first
    second["more"] = true
    second["k1"] = nil
    var third = first
    third["k1"] = "x"
    #expect(first.count == count && first["k1"] == 2 && first["more"] == nil)
    #expect(second.count == count && second["k1"] == nil && second["more"] == true && second["k2"] == 4)
    #expect(third["k1"] == "x" && third.keys == first.keys)
    #expect(names["k1"] == 1 && names.keys == first.keys)
    #expect(first == ValueMap(first.map { ($0.key, $0.value) }))
    #expect(first != third && first != names && Set([first, third, first]).count == 2)
  }

  /// Two texts that look the same are two keys, in small maps and in large ones; order counts.
  @Test(arguments: [0, 20]) func keysAreTheirBytes(others: Int) {
    var map = map(others)
    map["\u{e9}"] = 1
    map["e\u{301}"] = 2
    #expect(map.count == others + 2 && map["\u{e9}"] == 1 && map["e\u{301}"] == 2)
    #expect((["a": 1, "b": 2] as ValueMap) != ["b": 2, "a": 1])
    #expect((["a": 1, "a": 2] as ValueMap) == ["a": 2])
  }

  @Test func everyByteOfATextIsWrittenAsJSON() {
    let text = String(decoding: (0..<128).map { UInt8($0) }, as: UTF8.self) + "é🚢"
    #expect((try? Value.parseJSON(Value.string(text).json())) == .string(text))
    #expect(Value.string("\u{1}\n\r\t\"\\x/").json() == #""\u0001\n\r\t\"\\x/""#)
    #expect(Value.string("").json() == "\"\"")
  }
}
