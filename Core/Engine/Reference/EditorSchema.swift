public import Expression

/// The JSON Schema (draft 7, which YAML language servers know) of a flow file, from the declarations.
public enum EditorSchema {
  public static func flow(_ registry: Registry) -> Value {
    let tasks = registry.plugins.flatMap(\.tasks)
    return [
      "$schema": "http://json-schema.org/draft-07/schema#", "title": "Ferry flow", "type": "object",
      "required": ["tasks"], "additionalProperties": false,
      "properties": .map(flowProperties), "definitions": .map(definitions(tasks, registry.plugins.flatMap(\.triggers))),
      // What a task leaves out may come from the flow's defaults.
      "if": ["anyOf": [["required": ["pluginDefaults"]], ["required": ["taskDefaults"]]]],
      "else": ["properties": ["tasks": wholeTasks, "errors": wholeTasks, "finally": wholeTasks]],
    ]
  }

  private static let wholeTasks: Value = ["items": ["$ref": "#/definitions/wholeTask"]]

  private static var flowProperties: ValueMap {
    let taskList: Value = ["type": "array", "items": ["$ref": "#/definitions/task"], "minItems": 1]
    let known: ValueMap = [
      "id": ["type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9._-]*$", "description": "The flow's name."],
      "namespace": [
        "type": "string", "pattern": "^[a-z0-9][a-z0-9._-]*$", "description": "A dotted name of a team or project.",
      ],
      "description": ["type": "string"],
      "labels": ["type": ["object", "array"]],
      "inputs": ["type": "array", "items": ["$ref": "#/definitions/input"]],
      "variables": ["type": "object", "description": "Values that expressions see as vars.NAME."],
      "tasks": taskList, "errors": taskList, "finally": taskList,
      "pluginDefaults": ["type": "array", "items": ["$ref": "#/definitions/pluginDefault"]],
      "taskDefaults": ["type": "array", "items": ["$ref": "#/definitions/pluginDefault"]],
      "outputs": [
        "type": "array",
        "items": [
          "type": "object", "required": ["id", "value"], "additionalProperties": false,
          "properties": [
            "id": name, "value": [:], "description": ["type": "string"], "type": ["type": "string"],
            "displayName": ["type": "string"], "required": ["type": "boolean"],
          ],
        ],
      ],
      "retry": ["$ref": "#/definitions/retry"], "disabled": ["type": "boolean"],
      "triggers": ["type": "array", "items": ["$ref": "#/definitions/trigger"]],
      "concurrency": [
        "type": "object", "required": ["limit"],
        "properties": [
          "limit": ["type": "integer", "minimum": 1], "behavior": ["enum": ["QUEUE", "CANCEL", "FAIL"]],
        ],
      ],
    ]
    return ValueMap(
      FlowParser.flowKeys.map { key in
        var schema = known[key]?.map ?? [:]
        schema["description"] = schema["description"] ?? flowHelp[key].map { .string($0) }
        return (key, .map(schema))
      })
  }

  private static let flowHelp = [
    "description": "For readers of the flow.",
    "labels": "Names and values that executions are found by, as a map or a list of key and value.",
    "inputs": "What an execution is given, each with an id and a type: expressions see inputs.ID.",
    "tasks": "What the flow does, in order.",
    "errors": "Tasks to run when one of the flow's tasks fails.",
    "finally": "Tasks to run once the others have ended, however that was.",
    "pluginDefaults": "Values for properties of all tasks of a type, or of all types that begin so.",
    "taskDefaults": "The same under its name of 2022.",
    "outputs": "What an execution puts out, each with an id and a value, which is a text unless a type says otherwise.",
    "retry": "When and how often tasks that say nothing themselves are tried again.",
    "disabled": "Whether the flow is not run.",
    "concurrency": "How many executions of the flow may run at the same time.",
    "listeners": "Kept, but not acted on: put the tasks into errors or finally.",
    "triggers": "Kept, but not acted on: ferry run starts the flow.",
    "revision": "Kept for Kestra.",
    "sla": "Kept, but not acted on: timeout limits the time of a task.",
    "tenantId": "Kept for Kestra.",
    "afterExecution": "Kept, but not acted on: finally runs tasks in any case.",
    "deleted": "Kept for Kestra.",
  ]

  private static func definitions(
    _ tasks: [any DeclaredTask.Type], _ triggers: [any FerryTrigger.Type]
  ) -> ValueMap {
    let kinds = InputDeclaration.Kind.allCases.map { Value.string($0.rawValue) }
    return [
      "task": .map(task(tasks)), "wholeTask": wholeTask(tasks), "trigger": .map(trigger(triggers)),
      "retry": [
        "type": "object",
        "properties": [
          "type": ["enum": ["constant", "exponential", "random"]], "interval": duration,
          "maxInterval": duration, "minInterval": duration, "delayFactor": ["type": "number"],
          "maxAttempt": ["type": "integer", "minimum": 1], "maxAttempts": ["type": "integer", "minimum": 1],
          "maxDuration": duration, "warningOnRetry": ["type": "boolean"], "behavior": ["type": "string"],
        ],
        "additionalProperties": false,
      ],
      "dagTask": [
        "type": "object", "required": ["task"], "additionalProperties": false,
        "properties": [
          "task": ["$ref": "#/definitions/task"], "dependsOn": ["type": "array", "items": ["type": "string"]],
        ],
      ],
      "input": input(kinds),
      "pluginDefault": [
        "type": "object", "required": ["type", "values"],
        "properties": ["type": ["type": "string"], "forced": ["type": "boolean"], "values": ["type": "object"]],
      ],
    ]
  }

  private static func input(_ kinds: [Value]) -> Value {
    let known: ValueMap = [
      "id": name, "name": name, "type": ["enum": .list(kinds)], "description": ["type": "string"],
      "required": ["type": "boolean"], "allowCustomValue": ["type": "boolean"], "validator": ["type": "string"],
      "itemType": ["enum": .list(kinds)], "values": ["type": "array"], "options": ["type": "array"],
    ]
    return [
      "type": "object", "required": ["type"], "additionalProperties": false,
      "properties": .map(ValueMap(FlowParser.inputKeys.map { ($0, known[$0] ?? [:]) })),
    ]
  }

  /// An id that YAML takes for a number is one too.
  private static let name: Value = ["type": ["string", "number"]]
  private static let duration: Value = ["type": ["string", "number"]]

  /// One condition per type: the editor then offers that type's properties only.
  private static func task(_ tasks: [any DeclaredTask.Type]) -> ValueMap {
    var seen: Set<String> = []
    let names = tasks.flatMap { allNames($0.info) }.filter { seen.insert($0).inserted }.map { Value.string($0) }
    let conditions = tasks.map { task -> Value in
      let declarations = PropertyDeclaration.collect(from: task.init())
      var properties = base
      for declaration in declarations {
        for name in [declaration.name] + declaration.aliases { properties[name] = property(declaration) }
        // A Dag's tasks come with what they depend on.
        if declaration.shape == .tasks, declaration.name == "tasks", task == Dag.self {
          properties["tasks"] = ["type": "array", "items": ["$ref": "#/definitions/dagTask"]]
        }
      }
      let then: ValueMap = ["properties": .map(properties), "additionalProperties": false]
      return [
        "if": ["properties": ["type": ["enum": .list(allNames(task.info).map { .string($0) })]]], "then": .map(then),
      ]
    }
    return [
      "type": "object", "required": ["id", "type"],
      "properties": ["id": name, "type": ["enum": .list(names)]], "allOf": .list(conditions),
    ]
  }

  private static func trigger(_ triggers: [any FerryTrigger.Type]) -> ValueMap {
    let base = BaseTriggerProperties.declarations.map { ($0.name, property($0)) }
    let conditions = triggers.map { trigger -> Value in
      var properties = ValueMap(base)
      for declaration in PropertyDeclaration.collect(from: trigger.init()) {
        for name in [declaration.name] + declaration.aliases { properties[name] = property(declaration) }
      }
      return [
        "if": ["properties": ["type": ["enum": .list(triggerNames(trigger.info).map { .string($0) })]]],
        "then": ["properties": .map(properties), "additionalProperties": false],
      ]
    }
    let names = triggers.flatMap { triggerNames($0.info) }.map { Value.string($0) }
    return [
      "type": "object", "required": ["id", "type"],
      "properties": ["id": name, "type": ["enum": .list(names)]], "allOf": .list(conditions),
    ]
  }

  /// As `Registry.findTrigger` knows them.
  private static func triggerNames(_ info: TaskInfo) -> [String] {
    let name = info.type.split(separator: ".").last.map(String.init) ?? ""
    let isCore = info.type.hasPrefix("core.")
    return allNames(info) + (isCore ? ["io.kestra.core.models.triggers.types." + name] : [])
  }

  /// What a task must have where nothing comes from defaults, and the tasks inside of it.
  private static func wholeTask(_ tasks: [any DeclaredTask.Type]) -> Value {
    let conditions = tasks.compactMap { task -> Value? in
      let required = Declarations.of(task).all.filter(\.isRequired)
      guard !required.isEmpty else { return nil }
      let each = required.map { declaration -> Value in
        ["anyOf": .list(([declaration.name] + declaration.aliases).map { ["required": [.string($0)]] })]
      }
      return [
        "if": [
          "required": ["type"], "properties": ["type": ["enum": .list(allNames(task.info).map { .string($0) })]],
        ],
        "then": ["allOf": .list(each)],
      ]
    }
    let lists = ["tasks", "then", "else", "defaults", "errors", "finally"].map { ($0, wholeTasks) }
    var properties = ValueMap(lists)
    properties["cases"] = ["additionalProperties": wholeTasks]
    properties["task"] = ["$ref": "#/definitions/wholeTask"]
    return ["allOf": .list(conditions), "properties": .map(properties)]
  }

  /// As `Registry.find` knows them.
  private static func allNames(_ info: TaskInfo) -> [String] {
    let plain = [info.type] + info.aliases
    let old = info.type.hasPrefix("core.") ? ["io.kestra.plugin.core.", "io.kestra.core.tasks."] : []
    var seen: Set<String> = []
    return (plain + plain.map { "io.kestra.plugin." + $0 } + old.flatMap { prefix in info.aliases.map { prefix + $0 } })
      .filter { seen.insert($0).inserted }
  }

  private static var base: ValueMap {
    var base = ValueMap(BaseProperties.declarations.map { ($0.name, property($0)) })
    base["id"] = name
    base["retry"] = ["$ref": "#/definitions/retry"]
    return base
  }

  private static func property(_ declaration: PropertyDeclaration) -> Value {
    var map = schema(of: declaration.shape)
    map["description"] = .string(declaration.help)
    if let value = declaration.defaultValue { map["default"] = value }
    if declaration.deprecated != nil || declaration.unused != nil { map["deprecated"] = true }
    return .map(map)
  }

  /// Every literal may also be an expression.
  private static func schema(of shape: PropertyShape) -> ValueMap {
    let expression: Value = ["type": "string", "pattern": "\\{[{%]"]
    switch shape {
    case .any: return [:]
    case .string, .uri, .duration: return ["type": ["string", "number", "boolean"]]
    case .integer: return ["anyOf": [["type": "integer"], expression]]
    case .number: return ["anyOf": [["type": "number"], expression]]
    case .boolean: return ["anyOf": [["type": "boolean"], expression]]
    case .choice(let names):
      return ["anyOf": [["enum": .list((names + names.map { $0.lowercased() }).map { .string($0) })], expression]]
    case .list(let element):
      return ["anyOf": [["type": "array", "items": .map(schema(of: element))], ["type": "string"]]]
    case .map(let element):
      return ["anyOf": [["type": "object", "additionalProperties": .map(schema(of: element))], ["type": "string"]]]
    case .object(let declarations):
      return [
        "type": "object",
        "properties": .map(ValueMap(declarations.map { ($0.name, property($0)) })), "additionalProperties": false,
      ]
    case .tasks: return ["type": "array", "items": ["$ref": "#/definitions/task"]]
    }
  }
}
