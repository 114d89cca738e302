internal import Expression
internal import Records

extension Value {
  /// The value with every template in it rendered.
  func rendered(in scope: Scope) throws -> Value {
    switch self {
    case .string(let text):
      guard text.isTemplate else { return self }
      let template = try Template(text)
      return try template.render(in: scope.withVariables(of: template))
    case .list(let values): return .list(try values.map { try $0.rendered(in: scope) })
    case .map(let map): return .map(try map.mapValues { try $0.rendered(in: scope) })
    default: return self
    }
  }
}

extension Value {
  /// The value with every template in it rendered to text, as Kestra renders.
  func renderedTexts(in scope: Scope) throws -> Value {
    switch self {
    case .string(let text):
      guard text.isTemplate else { return self }
      let template = try Template(text)
      return Value(try template.renderMarkedText(in: scope.withVariables(of: template)))
    case .list(let values): return .list(try values.map { try $0.renderedTexts(in: scope) })
    case .map(let map): return .map(try map.mapValues { try $0.renderedTexts(in: scope) })
    default: return self
    }
  }
}

extension String {
  var isTemplate: Bool { contains("{{") || contains("{%") || contains("{#") }
}

extension Scope {
  /// Variables of a flow that name each other are rendered at most so deep.
  private static let deepestVariable = 20

  /// A flow's variables may hold templates themselves. Only those that a template uses are rendered before it, so that
  /// no secret is asked for that nothing needs.
  func withVariables(of template: Template, depth: Int = 0) throws -> Scope {
    var scope = self
    for reference in template.references where reference.path.count > 1 && reference.path[0] == "vars" {
      let name = reference.path[1]
      guard var variables = scope.variables["vars"]?.map, let value = variables[name], value.holdsTemplate else {
        continue
      }
      guard depth < Scope.deepestVariable else {
        throw Failure(.configuration, "variable '\(name)': the flow's variables name each other in a circle")
      }
      do { variables[name] = URLSecrets.marked(try value.renderedVariable(in: self, depth: depth + 1)) } catch let error
        as ExpressionError
      {
        if reference.guarded { continue }
        throw Failure(.configuration, "variable '\(name)': \(error)")
      }
      scope.variables["vars"] = .map(variables)
    }
    return scope
  }
}

extension Value {
  var holdsTemplate: Bool {
    switch self {
    case .string(let text): text.isTemplate
    case .list(let values): values.contains(where: \.holdsTemplate)
    case .map(let map): map.contains { $0.value.holdsTemplate }
    default: false
    }
  }

  fileprivate func renderedVariable(in scope: Scope, depth: Int) throws -> Value {
    switch self {
    case .string(let text) where text.isTemplate:
      let template = try Template(text)
      return try template.render(in: scope.withVariables(of: template, depth: depth))
    case .list(let values): return .list(try values.map { try $0.renderedVariable(in: scope, depth: depth) })
    case .map(let map):
      return .map(try map.mapValues { try $0.renderedVariable(in: scope, depth: depth) })
    default: return self
    }
  }
}
