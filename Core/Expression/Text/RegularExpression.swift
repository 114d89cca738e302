internal import CPCRE2

/// A regular expression. PCRE2 has what flows of Kestra use and linear-time engines lack (looking around, references
/// back), and asks on its way, step by step, whether to go on.
@safe final class RegularExpression {
  private let code: OpaquePointer
  private let context: OpaquePointer
  private let match: OpaquePointer
  private let watch: Watch

  /// What the engine calls back with.
  private final class Watch {
    let meter: Meter
    var error: (any Error)?
    init(_ meter: Meter) { self.meter = meter }
  }

  init(_ pattern: String, _ meter: Meter) throws {
    let source = try JavaPattern.translated(pattern)
    var status: Int32 = 0
    var offset = 0
    let options = unsafe pcre2_compile_context_create_8(nil)
    defer { unsafe pcre2_compile_context_free_8(options) }
    unsafe pcre2_set_newline_8(options, UInt32(PCRE2_NEWLINE_ANYCRLF))
    unsafe pcre2_set_max_pattern_length_8(options, 65_536)
    let flags = UInt32(PCRE2_UTF) | UInt32(PCRE2_NO_UTF_CHECK) | UInt32(PCRE2_NEVER_BACKSLASH_C)
    let compiled = unsafe pcre2_compile_8(
      source, source.count, flags | UInt32(PCRE2_AUTO_CALLOUT), &status, &offset, options)
    guard let compiled = unsafe compiled else { throw Self.invalid(status, source[..<min(offset, source.count)]) }
    guard let context = unsafe pcre2_match_context_create_8(nil),
      let match = unsafe pcre2_match_data_create_from_pattern_8(compiled, nil)
    else {
      unsafe pcre2_code_free_8(compiled)
      throw Problem("there is no memory for the regular expression")
    }
    unsafe (code, self.context, self.match, watch) = unsafe (compiled, context, match, Watch(meter))
    unsafe pcre2_set_match_limit_8(context, ExpressionLimits.backtracks)
    unsafe pcre2_set_heap_limit_8(context, ExpressionLimits.backtrackKiB)
    unsafe pcre2_set_callout_8(context, Self.goOn, Unmanaged.passUnretained(watch).toOpaque())
  }

  deinit {
    unsafe pcre2_match_data_free_8(match)
    unsafe pcre2_match_context_free_8(context)
    unsafe pcre2_code_free_8(code)
  }

  /// Called before each item of the pattern is tried.
  private static let goOn:
    @convention(c) (UnsafeMutablePointer<pcre2_callout_block_8>?, UnsafeMutableRawPointer?) -> Int32 =
      { _, pointer in
        guard let pointer = unsafe pointer else { return 0 }
        let watch = unsafe Unmanaged<Watch>.fromOpaque(pointer).takeUnretainedValue()
        do {
          try watch.meter.step()
          return 0
        } catch {
          watch.error = error
          return PCRE2_ERROR_CALLOUT
        }
      }

  /// - Parameter before: what of the pattern was read; its places are those of the translation, which are near enough.
  private static func invalid(_ status: Int32, _ before: ArraySlice<UInt8>) -> Problem {
    let place = String(decoding: before, as: UTF8.self).count
    return Problem("the regular expression is not valid at character \(place + 1): \(words(status))")
  }

  private static func words(_ status: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = unsafe pcre2_get_error_message_8(status, &buffer, buffer.count)
    return count < 0 ? "error \(status)" : String(decoding: buffer[..<Int(count)], as: UTF8.self)
  }

  // MARK: Matching

  /// Where the groups of a match lie, in bytes of the text; group 0 is the whole match.
  typealias Groups = [Range<Int>?]

  func matchesWhole(_ text: [UInt8]) throws -> Bool {
    try groups(in: text, from: 0, UInt32(PCRE2_ANCHORED) | UInt32(PCRE2_ENDANCHORED)) != nil
  }

  func first(in text: [UInt8]) throws -> Groups? { try groups(in: text, from: 0, 0) }

  /// Calls `body` for one match after the other until it returns false. Behind an empty match the search goes on one
  /// character further, as in Java.
  func forEach(in text: [UInt8], _ body: (Groups) throws -> Bool) throws {
    var position = 0
    while position <= text.count, let groups = try groups(in: text, from: position, 0), let whole = groups[0] {
      guard try body(groups) else { return }
      position = whole.upperBound
      guard whole.isEmpty else { continue }
      repeat { position += 1 } while position < text.count && text[position] & 0xC0 == 0x80
    }
  }

  private func groups(in text: [UInt8], from start: Int, _ options: UInt32) throws -> Groups? {
    try watch.meter.step()
    let status = unsafe pcre2_match_8(
      code, text, text.count, start, options | UInt32(PCRE2_NO_UTF_CHECK), match, context)
    switch status {
    case PCRE2_ERROR_NOMATCH: return nil
    case PCRE2_ERROR_CALLOUT: throw watch.error ?? Problem("the regular expression was stopped")
    case PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_DEPTHLIMIT:
      throw Problem(
        "the regular expression goes back more than \(ExpressionLimits.backtracks) times on this text",
        hint: "Write it without repetitions within each other: a+b instead of (a+)+b")
    case ..<0: throw Problem("the regular expression: \(Self.words(status))")
    default: break
    }
    let offsets = unsafe pcre2_get_ovector_pointer_8(match)
    return (0..<Int(unsafe pcre2_get_ovector_count_8(match))).map { group in
      guard let offsets = unsafe offsets, group < Int(status) else { return nil }
      let (from, to) = unsafe (offsets[2 * group], offsets[2 * group + 1])
      // An unset group has -1; `\K` may end a match before its beginning.
      return from < 0 || from > to ? nil : from..<to
    }
  }
}
