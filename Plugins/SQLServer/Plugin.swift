public import Engine
internal import SQL

/// The tasks for SQL Server.
public let sqlServerPlugin = Plugin(
  "sqlserver", "Microsoft SQL Server 2016 and later, and Azure SQL.",
  tasks: [SQLQuery<SQLServer>.self, SQLQueries<SQLServer>.self, SQLBatch<SQLServer>.self, SQLTrigger<SQLServer>.self],
  triggers: [SQLTrigger<SQLServer>.self])
