import Records
import Testing

/// Texts that Swift takes for the same and that are not.
struct ExactTextTests {
  static let pairs = [("é", "e\u{301}"), ("K", "\u{212A}"), (";", "\u{37E}"), ("Å", "\u{212B}"), ("a\r", "a\r\n")]

  @Test func `texts are the same when their bytes are`() {
    for (a, b) in ExactTextTests.pairs {
      #expect(!a.isExactly(b) && a.isExactly(a) && a[...].isExactly(a) && !a[...].isExactly(b), "\(a)")
      #expect(Set([a.exact, b.exact, a.exact]).count == 2, "\(a)")
      #expect([a.exact: 1, b.exact: 2][b.exact] == 2, "\(a)")
      #expect([a, b].firstIndex(ofExactly: b) == 1 && ![a].containsExactly(b), "\(a)")
      #expect((a.exact < b.exact) != (b.exact < a.exact), "\(a)")
    }
    #expect("é" == "e\u{301}", "else there was nothing to do")
    #expect("".isExactly("") && !"".isExactly("x") && "abc".containsExactly("") && "aab".containsExactly("ab"))
    #expect("a\r\nb".containsExactly("\n") && "e\u{301}".containsExactly("e") && !"ab".containsExactly("abc"))
  }

  @Test func `columns are found by their bytes`() {
    let schema = Schema([Field("é", .int64), Field("e\u{301}", .text)])
    #expect(schema.index(of: "e\u{301}") == 1 && schema.index(of: "é") == 0)
    #expect(Field("K", .int64) != Field("\u{212A}", .int64))
  }
}
