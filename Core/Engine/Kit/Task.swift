public import Expression

/// Whatever a flow can name as the type of a task.
public protocol DeclaredTask: Declaring {
  static var info: TaskInfo { get }

  /// What is wrong with the properties of a task beyond their types, as far as they are literals: a url of another
  /// database, a character set that nobody knows. Properties that hold expressions are left out.
  static func problems(of literals: ValueMap) -> [(property: String, message: String)]
}

extension DeclaredTask {
  public static func problems(of literals: ValueMap) -> [(property: String, message: String)] { [] }
}

/// A task that does work. A struct of plain values: rendering happens before decoding, so it never sees a template.
///
///     struct Hello: FerryTask {
///       static let info = TaskInfo("hello.Hello", "Greets.", outputs: [.init("text", .string, "The greeting.")])
///       @Property("Whom to greet.") var name = "world"
///       func run(_ context: TaskContext) throws -> ValueMap { ["text": .string("Hello, \(name)")] }
///     }
public protocol FerryTask: DeclaredTask, Decodable {
  /// Does the work and returns the outputs. Runs on a thread of its own and may block; long work calls
  /// `context.checkCancelled()` at least once per batch and registers with `context.onCancel` what can be interrupted.
  func run(_ context: TaskContext) throws -> ValueMap
}

/// A task that may begin to read a record file while the task before it still writes it: all that it does until the end
/// of its input is taken back when it fails. The end of the input comes when the task before it has succeeded.
public protocol FollowingTask: FerryTask {
  /// The property that names the file.
  static var followedProperty: String { get }
  /// Whether it may begin early; looked at once its properties are known.
  /// - Parameter place: where the rows come from: see `TaskContext.createRecords`.
  func mayFollow(_ place: String) -> Bool
}

/// What a task is, for the registry, the help and the reference page.
public struct TaskInfo: Sendable {
  /// Kestra's name without its prefix: `jdbc.sqlite.Query`.
  public var type: String
  /// Other names of the same task, without prefix.
  public var aliases: [String]
  /// One sentence.
  public var summary: String
  /// Further paragraphs: what a user must know, where Ferry differs from Kestra.
  public var details: String
  public var outputs: [TaskOutput]
  /// A complete task in YAML, checked by a test.
  public var example: String

  public init(
    _ type: String, aliases: [String] = [], _ summary: String, details: String = "", outputs: [TaskOutput] = [],
    example: String = ""
  ) {
    self.type = type
    self.aliases = aliases
    self.summary = summary
    self.details = details
    self.outputs = outputs
    self.example = example
  }
}

/// One output that a task declares.
public struct TaskOutput: Sendable {
  public var name: String
  public var shape: PropertyShape
  public var help: String

  public init(_ name: String, _ shape: PropertyShape, _ help: String) {
    self.name = name
    self.shape = shape
    self.help = help
  }
}

/// A set of tasks and triggers; `Core/Command/Plugins.swift` lists them all.
public struct Plugin: Sendable {
  public var name: String
  public var summary: String
  public var tasks: [any DeclaredTask.Type]
  /// Those that are tasks as well stand among both: to find them by a cast costs each start a millisecond.
  public var triggers: [any FerryTrigger.Type]

  public init(
    _ name: String, _ summary: String, tasks: [any DeclaredTask.Type], triggers: [any FerryTrigger.Type] = []
  ) {
    self.name = name
    self.summary = summary
    self.tasks = tasks
    self.triggers = triggers
  }

  /// Triggers that are not tasks as well.
  public var ownTriggers: [any FerryTrigger.Type] { triggers.filter { !($0 is any FerryTask.Type) } }
}
