/* libpq needs no shims: Swift calls every function that Ferry uses as it is. The codes of the error fields are
 * character literals, which Swift does not import as macros; DatabaseError.swift spells them. */
#include <libpq-fe.h>
