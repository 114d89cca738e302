internal import Records

/// Filters that write a value in another notation, and back.
enum EncodingFilters {
  static let all: [FilterOperation] = [
    FilterOperation("json", "", "as JSON", marks: .kept, acceptsNull: true) { value, _, evaluator in
      Value(try value.markedJSON(evaluator.meter))
    },
    FilterOperation("toJson", "", "as JSON", marks: .kept, acceptsNull: true) { value, _, evaluator in
      Value(try value.markedJSON(evaluator.meter))
    },
    // What JSON has room for these write in not much more.
    FilterOperation("yaml", "", "as YAML", marks: .kept) { value, _, evaluator in
      _ = try value.markedJSON(evaluator.meter)
      return Value(YAMLWriter.write(value))
    },
    FilterOperation("toIon", "", "as Amazon Ion text", marks: .kept, acceptsNull: true) { value, _, evaluator in
      _ = try value.markedJSON(evaluator.meter)
      return Value(ion(value))
    },
    FilterOperation("base64encode", "", "as Base64 of its UTF-8 bytes", marks: .kept) { value, _, _ in
      let text = try value.scalarMarked()
      let encoded = Base64.encoded(Array(text.text.utf8))
      // A digit holds six bits: the first and the last one may share theirs with a neighbour.
      let marks = text.marks.ranges.map { range in
        let isLast = range.upperBound == text.text.utf8.count
        return range.lowerBound * 8 / 6..<(isLast ? encoded.utf8.count : (range.upperBound * 8 + 5) / 6)
      }
      return Value(MarkedText(encoded, Marks(marks)))
    },
    FilterOperation("base64decode", "", "the text whose UTF-8 bytes this Base64 holds") { value, _, _ in
      guard let bytes = Base64.decoded(try value.scalarText()) else { throw Problem("the text is not Base64") }
      guard let text = String(validating: bytes, as: UTF8.self) else { throw Problem("the bytes are not UTF-8") }
      return .string(text)
    },
    FilterOperation("urlencode", "", "as a part of a query of a URL, with + for a space", marks: .kept) {
      value, _, _ in Value(try value.scalarMarked().mapped(urlEncoded))
    },
    FilterOperation("urldecode", "", "the text that urlencode made this from", marks: .kept) { value, _, _ in
      Value(try value.scalarMarked().mapped(urlDecoded))
    },
    digest("md5", Digest.md5), digest("sha1", Digest.sha1), digest("sha256", Digest.sha256),
    digest("sha512", Digest.sha512),
  ]

  private static func digest(_ name: String, _ digest: @escaping @Sendable ([UInt8]) -> [UInt8]) -> FilterOperation {
    // Who knows the digest of a short secret finds the secret by trying: it is one as a whole.
    FilterOperation(name, "", "the \(name.uppercased()) digest of its UTF-8 bytes, in hex") { value, _, _ in
      .string(HexText.encoded(digest(Array(try value.scalarText().utf8))))
    }
  }

  // MARK: URLs

  /// What Java's URLEncoder does: letters, digits and `.-*_` stay, a space becomes `+`.
  private static func urlEncoded(_ text: String) -> String {
    PercentEncoding.encoded(text) {
      $0 == 0x20 || $0.isDigit || (0x61...0x7A).contains($0 | 0x20) || ".-*_".utf8.contains($0)
    }.replacing(" ", with: "+")
  }

  private static func urlDecoded(_ text: String) throws -> String {
    guard let bytes = PercentEncoding.decoded(text, plusIsSpace: true) else {
      throw Problem("a '%' is not followed by two hex digits")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: Ion

  /// Ion text: JSON but for field names, which are symbols, and doubles, which carry an exponent.
  private static func ion(_ value: Value) -> MarkedText {
    switch value {
    case .double(let number): MarkedText(ion(number))
    case .list(let values): "[" + joined(values.map(ion)) + "]"
    case .map(let map): "{" + joined(map.markedEntries.map { $0.key.mapped(symbol) + ":" + ion($0.value) }) + "}"
    case .secret(let secret) where secret.value.string == nil: MarkedText(secret: ion(secret.value).text)
    default: value.markedJSON()
    }
  }

  private static func ion(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "+inf" }
    return number.description.contains("e") ? number.description : number.description + "e0"
  }

  private static func joined(_ parts: [MarkedText]) -> MarkedText {
    parts.enumerated().reduce(into: MarkedText()) { sum, part in
      if part.offset > 0 { sum.append(MarkedText(",")) }
      sum.append(part.element)
    }
  }

  private static func symbol(_ name: String) -> String {
    let isPlain =
      name.utf8.first.map { $0.isNameStart && $0 < 0x80 } ?? false
      && name.utf8.allSatisfy { ($0.isNameStart || $0.isDigit) && $0 < 0x80 }
      && !["null", "true", "false", "nan"].contains(name)
    return isPlain ? name : "'" + TextFilters.replacing(TextFilters.replacing(name, "\\", "\\\\"), "'", "\\'") + "'"
  }
}
