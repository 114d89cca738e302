"""A server that speaks TDS 7.4 and enough of T-SQL for tests: a counterpart where no SQL Server can be had."""
