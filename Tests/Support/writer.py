"""A busy application: writer.py DATABASE SQL writes until its input ends.

SQL has one `?`, a running number. Every write is a transaction of its own. The first acknowledged write is announced by
the line "writing"; the last line is JSON: how many writes were acknowledged, and the errors of those that failed.
"""
import json
import select
import sqlite3
import sys

path, sql = sys.argv[1:]
connection = sqlite3.connect(path, isolation_level=None, timeout=5)
connection.execute("PRAGMA synchronous = OFF")
written, errors = 0, []
# A millisecond's rest: SQLite's own busy handler starves where several writers never let go.
while not select.select([sys.stdin], [], [], 0.001)[0]:
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(sql, (written,))
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        errors.append(str(error))
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if len(errors) > 20:
            break
        continue
    written += 1
    if written == 1:
        print("writing", flush=True)
connection.close()
print(json.dumps({"written": written, "errors": errors}), flush=True)
