public import Engine
internal import SQL

/// The tasks for every database that has an ODBC driver.
public let odbcPlugin = Plugin(
  "odbc", "Every database that has an ODBC driver.",
  tasks: [SQLQuery<ODBC>.self, SQLQueries<ODBC>.self, SQLBatch<ODBC>.self, SQLTrigger<ODBC>.self],
  triggers: [SQLTrigger<ODBC>.self])
