public import Engine
internal import SQL

/// The tasks of this plugin.
public let postgresqlPlugin = Plugin(
  "postgresql", "Queries PostgreSQL and loads into it.",
  tasks: [
    SQLQuery<PostgreSQL>.self, SQLQueries<PostgreSQL>.self, SQLBatch<PostgreSQL>.self, SQLTrigger<PostgreSQL>.self,
    CopyIn.self, CopyOut.self,
  ], triggers: [SQLTrigger<PostgreSQL>.self])
