public import Engine
internal import SQL

/// The tasks for SQLite.
public let sqlitePlugin = Plugin(
  "sqlite", "SQLite databases: files, and in memory.",
  tasks: [SQLQuery<SQLite>.self, SQLQueries<SQLite>.self, SQLBatch<SQLite>.self, SQLTrigger<SQLite>.self],
  triggers: [SQLTrigger<SQLite>.self])
