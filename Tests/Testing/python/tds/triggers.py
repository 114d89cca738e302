"""Triggers AFTER INSERT: they see the new rows as the table `inserted`, and their errors end the transaction."""

import dataclasses

from .errors import Level, SQLError

INSERTED = "inserted"


def triggers_of(session, table):
    if getattr(table, "is_temporary", False):
        return []
    return [each for each in session.catalog.triggers() if each.table == table.object_id]


def last_row(session, table):
    """What the rows that come now are greater than."""
    return session.connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {table.sqlite}").fetchone()[0]


def fire(executor, table, triggers, last):
    """Runs the triggers for the rows behind `last`."""
    session = executor.session
    outer = session.catalog.temporary.get(INSERTED), session.row_count, session.response.is_in_procedure
    place = f'temp."{INSERTED}_{session.depth}"'
    session.connection.execute(f"CREATE TEMP TABLE {place[5:]} AS SELECT * FROM {table.sqlite} WHERE rowid > {last}")
    session.catalog.temporary[INSERTED] = dataclasses.replace(
        table, name=INSERTED, sqlite=place, is_temporary=True, keys=[], checks=[], foreign_keys=[]
    )
    executor.tries += 1
    session.transaction.count += 1  # a trigger is inside of a transaction, always
    session.response.is_in_procedure = True
    try:
        for trigger in triggers:
            _run(executor, trigger)
    finally:
        executor.tries -= 1
        session.transaction.count -= 1
        session.catalog.temporary.pop(INSERTED)
        if outer[0] is not None:
            session.catalog.temporary[INSERTED] = outer[0]
        session.row_count, session.response.is_in_procedure = outer[1:]
        session.connection.execute(f"DROP TABLE IF EXISTS {place}")


def _run(executor, trigger):
    try:
        executor.nested(trigger.text, {})
    except SQLError as error:
        error.procedure = error.procedure or trigger.name
        error.level = max(error.level, Level.TRANSACTION)  # XACT_ABORT is on inside of triggers
        raise
