"""The errors of SQL Server that this server can give: number, class, state and words."""


class Level:
    """What an error ends, when no TRY catches it."""

    STATEMENT = 0
    BATCH = 1
    TRANSACTION = 2
    CONNECTION = 3


TEXTS = {
    102: (15, "Incorrect syntax near '{}'."),
    105: (15, "Unclosed quotation mark after the character string '{}'."),
    109: (
        15,
        "There are more columns in the INSERT statement than values specified in the VALUES clause. "
        "The number of values in the VALUES clause must match the number of columns specified in the "
        "INSERT statement.",
    ),
    110: (
        15,
        "There are fewer columns in the INSERT statement than values specified in the VALUES clause. "
        "The number of values in the VALUES clause must match the number of columns specified in the "
        "INSERT statement.",
    ),
    120: (
        15,
        "The select list for the INSERT statement contains fewer items than the insert list. "
        "The number of SELECT values must match the number of INSERT columns.",
    ),
    121: (
        15,
        "The select list for the INSERT statement contains more items than the insert list. "
        "The number of SELECT values must match the number of INSERT columns.",
    ),
    128: (
        15,
        "The name \"{}\" is not permitted in this context. Valid expressions are constants, constant expressions, "
        "and (in some contexts) variables. Column names are not permitted.",
    ),
    134: (
        15,
        "The variable name '{}' has already been declared. Variable names must be unique within a query batch "
        "or stored procedure.",
    ),
    137: (15, "Must declare the scalar variable \"{}\"."),
    156: (15, "Incorrect syntax near the keyword '{}'."),
    174: (15, "The {} function requires {} argument(s)."),
    195: (15, "'{}' is not a recognized built-in function name."),
    201: (16, "Procedure or function '{}' expects parameter '{}', which was not supplied."),
    205: (
        16,
        "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of "
        "expressions in their target lists.",
    ),
    206: (16, "Operand type clash: {} is incompatible with {}"),
    207: (16, "Invalid column name '{}'."),
    208: (16, "Invalid object name '{}'."),
    209: (16, "Ambiguous column name '{}'."),
    213: (16, "Column name or number of supplied values does not match table definition."),
    220: (16, "Arithmetic overflow error for data type {}, value = {}."),
    229: (14, "The {} permission was denied on the object '{}', database '{}', schema '{}'."),
    232: (16, "Arithmetic overflow error for type {}, value = {}."),
    241: (16, "Conversion failed when converting date and/or time from character string."),
    242: (16, "The conversion of a {} data type to a {} data type resulted in an out-of-range value."),
    244: (16, "The conversion of the {} value '{}' overflowed an {} column. Use a larger integer column."),
    245: (16, "Conversion failed when converting the {} value '{}' to data type {}."),
    248: (16, "The conversion of the {} value '{}' overflowed an int column."),
    257: (
        16,
        "Implicit conversion from data type {} to {} is not allowed. Use the CONVERT function to run this query.",
    ),
    264: (
        16,
        "The column name '{}' is specified more than once in the SET clause or column list of an INSERT. "
        "A column cannot be assigned more than one value in the same clause. Modify the clause to make sure "
        "that a column is updated only once.",
    ),
    271: (
        16,
        "The column \"{}\" cannot be modified because it is either a computed column or is the result of a "
        "UNION operator.",
    ),
    273: (
        16,
        "Cannot insert an explicit value into a timestamp column. Use INSERT with a column list to exclude the "
        "timestamp column, or insert a DEFAULT into the timestamp column.",
    ),
    402: (16, "The data types {} and {} are incompatible in the {} operator."),
    295: (16, "Conversion failed when converting character string to smalldatetime data type."),
    293: (16, "Cannot convert char value to smallmoney. The char value has incorrect syntax."),
    235: (16, "Cannot convert a char value to money. The char value has incorrect syntax."),
    511: (16, "Cannot create a row of size {} which is greater than the allowable maximum row size of 8060."),
    512: (
        16,
        "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, "
        ">= or when the subquery is used as an expression.",
    ),
    515: (16, "Cannot insert the value NULL into column '{}', table '{}'; column does not allow nulls. {} fails."),
    529: (16, "Explicit conversion from data type {} to {} is not allowed."),
    544: (16, "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF."),
    545: (
        16,
        "Explicit value must be specified for identity column in table '{}' either when IDENTITY_INSERT is set "
        "to ON or when a replication user is inserting into a NOT FOR REPLICATION identity column.",
    ),
    547: (
        16,
        "The {} statement conflicted with the {} constraint \"{}\". The conflict occurred in database \"{}\", "
        "table \"{}\"{}.",
    ),
    911: (16, "Database '{}' does not exist. Make sure that the name is entered correctly."),
    1205: (
        13,
        "Transaction (Process ID {}) was deadlocked on lock resources with another process and has been chosen "
        "as the deadlock victim. Rerun the transaction.",
    ),
    1222: (16, "Lock request time out period exceeded."),
    1505: (
        16,
        "The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name "
        "'{}' and the index name '{}'. The duplicate key value is {}.",
    ),
    1767: (16, "Foreign key '{}' references invalid table '{}'."),
    1801: (16, "Database '{}' already exists. Choose a different database name."),
    1913: (16, "The operation failed because an index or statistics with name '{}' already exists on table '{}'."),
    2601: (14, "Cannot insert duplicate key row in object '{}' with unique index '{}'. The duplicate key value is {}."),
    2627: (
        14,
        "Violation of {} constraint '{}'. Cannot insert duplicate key in object '{}'. "
        "The duplicate key value is {}.",
    ),
    2628: (16, "String or binary data would be truncated in table '{}', column '{}'. Truncated value: '{}'."),
    2705: (
        16,
        "Column names in each table must be unique. Column name '{}' in table '{}' is specified more than " "once.",
    ),
    2714: (16, "There is already an object named '{}' in the database."),
    2715: (16, "Column, parameter, or variable #{}: Cannot find data type {}."),
    2716: (16, "Column, parameter, or variable #{}: Cannot specify a column width on data type {}."),
    2750: (16, "Column or parameter #{}: Specified column precision {} is greater than the maximum precision of 38."),
    2760: (16, "The specified schema name \"{}\" either does not exist or you do not have permission to use it."),
    2812: (16, "Could not find stored procedure '{}'."),
    3701: (11, "Cannot {} the {} '{}', because it does not exist or you do not have permission."),
    3902: (16, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."),
    3903: (16, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION."),
    3930: (
        16,
        "The current transaction cannot be committed and cannot support operations that write to the log file. "
        "Roll back the transaction.",
    ),
    3998: (16, "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back."),
    4060: (11, "Cannot open database \"{}\" requested by the login. The login failed."),
    4064: (11, "Cannot open user default database. Login failed."),
    4104: (16, "The multi-part identifier \"{}\" could not be bound."),
    4406: (16, "Update or insert of view or function '{}' failed because it contains a derived or constant field."),
    4701: (16, "Cannot find the object \"{}\" because it does not exist or you do not have permissions."),
    4712: (16, "Cannot truncate table '{}' because it is being referenced by a FOREIGN KEY constraint."),
    4804: (
        21,
        "While reading current row from host, a premature end-of-message was encountered--an incoming data "
        "stream was interrupted when the server expected to see more data. The host program may have "
        "terminated. Ensure that you are using a supported client application programming interface (API).",
    ),
    4805: (
        17,
        "The front-end tool you are using does not support bulk load from host. Use the supported tools for "
        "this command.",
    ),
    4807: (
        17,
        "The bulk copy client sent a row length of {}. This size is not valid. The maximum row size is {}. "
        "Use a supported client application programming interface (API).",
    ),
    4815: (17, "Received an invalid column length from the bcp client for colid {}."),
    4816: (16, "Invalid column type from bcp client for colid {}."),
    4864: (
        16,
        "Bulk load data conversion error (type mismatch or invalid character for the specified codepage) for "
        "row {}, column {} ({}).",
    ),
    4885: (16, "Cannot open database '{}' for bulk load."),
    4902: (16, "Cannot find the object \"{}\" because it does not exist or you do not have permissions."),
    6401: (16, "Cannot roll back {}. No transaction or savepoint of that name was found."),
    8003: (
        16,
        "The incoming request has too many parameters. The server supports a maximum of 2100 parameters. "
        "Reduce the number of parameters and resend the request.",
    ),
    8009: (
        16,
        "The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect. "
        "Parameter {} (\"{}\"): Data type 0x{:02X} is unknown.",
    ),
    8023: (
        16,
        "The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect. "
        "Parameter {} (\"{}\"): The supplied value is not a valid instance of data type {}. Check the source "
        "data for invalid values. An example of an invalid value is data of numeric type with scale greater "
        "than precision.",
    ),
    8111: (16, "Cannot define PRIMARY KEY constraint on nullable column in table '{}'."),
    8114: (16, "Error converting data type {} to {}."),
    8115: (16, "Arithmetic overflow error converting {} to data type {}."),
    8120: (
        16,
        "Column '{}' is invalid in the select list because it is not contained in either an aggregate function "
        "or the GROUP BY clause.",
    ),
    8134: (16, "Divide by zero error encountered."),
    8144: (16, "Procedure or function {} has too many arguments specified."),
    8152: (16, "String or binary data would be truncated."),
    8169: (16, "Conversion failed when converting from a character string to uniqueidentifier."),
    8178: (16, "The parameterized query '{}' expects the parameter '{}', which was not supplied."),
    8179: (16, "Could not find prepared statement with handle {}."),
    8180: (16, "Statement(s) could not be prepared."),
    8601: (16, "Internal Query Processor Error: {}"),
    9400: (16, "XML parsing: line 1, character {}, {}"),
    10335: (16, "UDT data is invalid."),
    10744: (15, "In a FETCH clause {}"),
    10709: (16, "The number of columns for each row in a table value constructor must be the same."),
    11501: (16, "The batch could not be analyzed because of compile errors."),
    11508: (16, "The undeclared parameter '{}' is used more than once in the batch being analyzed."),
    11503: (16, "The type for parameter '{}' cannot be deduced in this context; there is no type information."),
    13609: (16, "JSON text is not properly formatted. Unexpected character '{}' is found at position {}."),
    15151: (16, "Cannot {} the {} '{}', because it does not exist or you do not have permission."),
    15025: (16, "The server principal '{}' already exists."),
    18456: (14, "Login failed for user '{}'."),
    40515: (16, "Reference to database and/or server name in '{}' is not supported in this version of SQL Server."),
}

# What ends more than its statement.
LEVELS = {
    102: Level.BATCH,
    105: Level.BATCH,
    109: Level.BATCH,
    110: Level.BATCH,
    120: Level.BATCH,
    121: Level.BATCH,
    128: Level.BATCH,
    134: Level.BATCH,
    137: Level.BATCH,
    156: Level.BATCH,
    174: Level.BATCH,
    195: Level.BATCH,
    205: Level.BATCH,
    206: Level.BATCH,
    207: Level.BATCH,
    208: Level.BATCH,
    209: Level.BATCH,
    213: Level.BATCH,
    257: Level.BATCH,
    264: Level.BATCH,
    402: Level.BATCH,
    529: Level.BATCH,
    911: Level.BATCH,
    2714: Level.BATCH,
    4104: Level.BATCH,
    2812: Level.BATCH,
    8120: Level.BATCH,
    2715: Level.BATCH,
    2716: Level.BATCH,
    10709: Level.BATCH,
    241: Level.TRANSACTION,
    242: Level.TRANSACTION,
    245: Level.TRANSACTION,
    248: Level.TRANSACTION,
    244: Level.TRANSACTION,
    295: Level.TRANSACTION,
    293: Level.TRANSACTION,
    235: Level.TRANSACTION,
    8114: Level.TRANSACTION,
    8169: Level.TRANSACTION,
    1205: Level.TRANSACTION,
    4804: Level.CONNECTION,
    11501: Level.BATCH,
    11508: Level.BATCH,
    11503: Level.BATCH,
    2760: Level.BATCH,
    3930: Level.BATCH,
    4815: Level.BATCH,
    4816: Level.BATCH,
    9400: Level.TRANSACTION,
}


class SQLError(Exception):
    """An error that the client is told."""

    def __init__(self, number, *words, state=1, line=None, text=None, severity=None, level=None):
        severity_default, template = TEXTS.get(number, (16, "{}"))
        self.number = number
        self.severity = severity_default if severity is None else severity
        self.state = state
        self.line = line
        self.procedure = ""
        self.text = text if text is not None else template.format(*words)
        self.level = LEVELS.get(number, Level.STATEMENT) if level is None else level
        super().__init__(f"{number}: {self.text}")


class ProtocolError(Exception):
    """The client sent what is no TDS: the connection ends."""


class Cancelled(Exception):
    """The client sent an attention."""


class Disconnected(Exception):
    """The client is gone."""
