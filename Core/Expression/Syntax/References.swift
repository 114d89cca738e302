internal import Records

/// A variable that a template uses, as far as it can be told without rendering it.
public struct Reference: Sendable, Hashable {
  /// `outputs.query.uri` as its parts; it stops at the first part that is computed or an index.
  public let path: [String]
  /// UTF-8 offset of the variable in the source.
  public let offset: Int
  /// Whether the template copes with its absence: under `??`, `???`, `default`, or checked by `is defined`.
  public let guarded: Bool
  /// Whether it is only looked at where something else comes to true: in a branch of `? :` or `if`, in a loop, behind
  /// `and` or `or`.
  public let conditional: Bool

  public init(path: [String], offset: Int, guarded: Bool, conditional: Bool = false) {
    self.path = path
    self.offset = offset
    self.guarded = guarded
    self.conditional = conditional
  }
}

/// Collects the references of a template, leaving out names that the template itself binds.
struct ReferenceCollector {
  private var references: [Reference] = []
  /// Paths that some `is defined` of the template asks about.
  private var checked: Set<[ExactText]> = []
  private var bound: Set<ExactText> = []
  /// How many branches the visit is inside of.
  private var branches = 0

  static func references(of nodes: [SyntaxNode]) -> [Reference] {
    var collector = ReferenceCollector()
    collector.visit(nodes)
    return collector.references.map { reference in
      let path = reference.path.map(\.exact)
      let isChecked = path.indices.contains { collector.checked.contains(Array(path[...$0])) }
      return isChecked ? Reference(path: reference.path, offset: reference.offset, guarded: true) : reference
    }
  }

  private mutating func visit(_ nodes: [SyntaxNode]) {
    for node in nodes {
      switch node {
      case .text: break
      case .print(let expression): visit(expression, guarded: false)
      case .set(let name, let expression):
        visit(expression, guarded: false)
        bound.insert(ExactText(name))
      case .conditional(let branches, let otherwise):
        for (index, branch) in branches.enumerated() {
          inBranch(index > 0) { $0.visit(branch.condition, guarded: false) }
          inBranch { $0.visit(branch.body) }
        }
        inBranch { $0.visit(otherwise) }
      case .loop(let variable, let over, let body, let otherwise):
        visit(over, guarded: false)
        let outer = bound
        bound.formUnion([ExactText(variable), "loop"])
        inBranch { $0.visit(body) }
        bound = outer
        inBranch { $0.visit(otherwise) }
      }
    }
  }

  /// Visits what may not be evaluated at all.
  private mutating func inBranch(_ isBranch: Bool = true, _ visit: (inout Self) -> Void) {
    branches += isBranch ? 1 : 0
    visit(&self)
    branches -= isBranch ? 1 : 0
  }

  private mutating func visit(_ expression: Expression, guarded: Bool) {
    if case .variable(let name) = path(expression).root.kind {
      if !bound.contains(ExactText(name)) {
        references.append(
          Reference(
            path: path(expression).parts, offset: path(expression).root.offset, guarded: guarded,
            conditional: branches > 0))
      }
    }
    switch expression.kind {
    case .literal, .variable: break
    case .concat(let children), .list(let children): for child in children { visit(child, guarded: guarded) }
    case .member(let base, _): visitBase(base, guarded: guarded)
    case .subscripted(let base, let index):
      visitBase(base, guarded: guarded)
      visit(index, guarded: guarded)
    case .map(let entries):
      for (key, value) in entries {
        visit(key, guarded: guarded)
        visit(value, guarded: guarded)
      }
    case .not(let child), .negate(let child), .plus(let child): visit(child, guarded: guarded)
    case .binary(let op, let left, let right):
      visit(left, guarded: guarded || op == .ifNull || op == .ifUndefined)
      inBranch([.and, .or, .ifNull, .ifUndefined].contains(op)) { $0.visit(right, guarded: guarded) }
    case .ternary(let condition, let yes, let no):
      visit(condition, guarded: guarded)
      for child in [yes, no] { inBranch { $0.visit(child, guarded: guarded) } }
    case .test(let child, let test, let arguments, _):
      let asksDefined = test.signature.name == "defined"
      if asksDefined, let path = child.staticPath { checked.insert(path.map(\.exact)) }
      visit(child, guarded: guarded || asksDefined)
      visit(arguments, guarded)
    case .filter(let child, let filter, let arguments):
      visit(child, guarded: guarded || filter.signature.name == "default")
      visit(arguments, guarded)
    case .call(_, let arguments): visit(arguments, guarded)
    }
  }

  private mutating func visit(_ arguments: [Expression?], _ guarded: Bool) {
    for argument in arguments { if let argument { visit(argument, guarded: guarded) } }
  }

  /// The inside of a path whose reference is recorded already: only its indices are left to see.
  private mutating func visitBase(_ base: Expression, guarded: Bool) {
    switch base.kind {
    case .variable: break
    case .member(let inner, _): visitBase(inner, guarded: guarded)
    case .subscripted(let inner, let index):
      visitBase(inner, guarded: guarded)
      visit(index, guarded: guarded)
    default: visit(base, guarded: guarded)
    }
  }

  /// Where a chain of properties begins, and the parts that are known up to the first computed one.
  private func path(_ expression: Expression) -> (root: Expression, parts: [String]) {
    switch expression.kind {
    case .variable(let name): return (expression, [name])
    case .member(let base, _), .subscripted(let base, _):
      let inner = path(base)
      return (inner.root, expression.staticPath ?? inner.parts)
    default: return (expression, [])
    }
  }
}
