internal import CJQ

/// A compiled program. Used by one thread at a time, but for `halt`.
@safe final class JQState: @unchecked Sendable {
  private let state: OpaquePointer

  /// What the compiler says, one message after the other.
  private final class Messages { var texts: [String] = [] }

  init(_ source: String) throws {
    guard let state = unsafe jq_init() else { throw Problem("there is no memory for the jq program") }
    unsafe self.state = state
    let messages = Messages()
    unsafe jq_set_error_cb(
      state,
      { pointer, message in
        let text = unsafe JV.text(jq_format_error(message))
        if let pointer = unsafe pointer {
          unsafe Unmanaged<Messages>.fromOpaque(pointer).takeUnretainedValue().texts.append(text)
        }
      }, Unmanaged.passUnretained(messages).toOpaque())
    let isCompiled = unsafe jq_compile(state, source) != 0
    // From here on nothing is to be said, and above all nothing to standard error.
    unsafe jq_set_error_cb(state, { _, message in unsafe jv_free(message) }, nil)
    guard isCompiled else { throw Self.invalid(messages.texts.first ?? "", source) }
  }

  deinit {
    var state: OpaquePointer? = unsafe state
    unsafe jq_teardown(&state)
  }

  /// `jq: error: foo/1 is not defined at <top-level>, line 1:`, and then the line.
  private static func invalid(_ message: String, _ source: String) -> Problem {
    var text = message.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
    for noise in ["jq: error: ", " (Unix shell quoting issues?)", ", unexpected INVALID_CHARACTER"] {
      text = text.replacing(noise, with: "")
    }
    if let place = text.firstRange(of: " at <top-level>, line ") {
      let line = text[place.upperBound...].prefix { $0.isNumber }
      text = text[..<place.lowerBound] + (source.contains("\n") ? " in its line \(line)" : "")
    }
    return Problem("the jq program is not valid: \(text)")
  }

  /// Ends a run from another thread: the interpreter looks at it before each of its steps.
  func halt() {
    if unsafe jq_halted(state) == 0 { unsafe jq_halt(state, jv_invalid(), jv_invalid()) }
  }

  func results(for input: Value) -> Result<[Value], Problem> {
    Result { () throws(Problem) in
      unsafe jq_start(state, JV.make(input), 0)
      var results: [Value] = []
      while true {
        let next = unsafe jq_next(state)
        guard unsafe jv_get_kind(next) != JV_KIND_INVALID else {
          try unsafe Self.end(next)
          return results
        }
        defer { unsafe jv_free(next) }
        results.append(try unsafe JV.value(next, level: 0))
        if results.count > ExpressionLimits.list {
          throw Problem("the jq program gives more than \(ExpressionLimits.list) results")
        }
      }
    }
  }

  /// - Parameter last: what stands behind the last result: nothing, or an error.
  private static func end(_ last: jv) throws(Problem) {
    guard unsafe jv_invalid_has_msg(jv_copy(last)) != 0 else { return unsafe jv_free(last) }
    let message = unsafe jv_invalid_get_msg(last)
    guard unsafe jv_get_kind(message) == JV_KIND_STRING else {
      unsafe jv_free(message)
      throw Problem("the jq program ends with an error that is no text")
    }
    throw Problem("the jq program: \(withoutValues(unsafe JV.text(message)))")
  }

  /// jq quotes values in its messages: `string ("Smith") and number (1) cannot be added`. They do not belong there.
  static func withoutValues(_ message: String) -> String {
    var rest = message[..<(message.firstRange(of: " (while parsing ")?.lowerBound ?? message.endIndex)]
    var result = ""
    let kinds = ["string", "number", "object", "array", "boolean", "null"]
    while let open = rest.firstRange(of: " (") {
      result += rest[..<open.lowerBound]
      rest = rest[open.lowerBound...]
      guard kinds.contains(where: { result.hasSuffix($0) }) else {
        result += rest.prefix(2)
        rest = rest.dropFirst(2)
        continue
      }
      let ends = [") and ", ") cannot ", ") has ", ") is ", ") not ", ") only ", ") into "].compactMap {
        rest.firstRange(of: $0)?.lowerBound
      }
      let end = ends.min() ?? rest.lastIndex(of: ")") ?? rest.endIndex
      rest = rest[end...].dropFirst()
    }
    return result + rest
  }
}
