"""An application that does as it is told: a JSON request a line, a JSON answer a line.

{"open": path, "pragmas": […]} opens a database; the answer is its number.
{"on": number, "run": sql} runs one statement: its rows, the error, and what changes() and last_insert_rowid() say after.
"""
import json
import sqlite3
import sys

connections = []


def open_database(request):
    connection = sqlite3.connect(request["open"], isolation_level=None, timeout=5)
    connection.text_factory = bytes
    # What only the application has: a collation and a function.
    connection.create_collation("mine", lambda a, b: (a.upper() > b.upper()) - (a.upper() < b.upper()))
    connection.create_function("shout", 1, lambda text: f"{text}!".upper(), deterministic=True)
    for pragma in request["pragmas"]:
        connection.execute(pragma).fetchall()
    connections.append(connection)
    return len(connections) - 1


def run(request):
    connection = connections[request["on"]]
    rows, error = [], ""
    try:
        rows = connection.execute(request["run"]).fetchall()
    except sqlite3.Error as caught:
        error = str(caught)
    changes, last = connection.execute("SELECT changes(), last_insert_rowid()").fetchone()
    return {"rows": repr(rows), "error": error, "changes": changes, "last": last}


for line in sys.stdin:
    request = json.loads(line)
    answer = open_database(request) if "open" in request else run(request)
    print(json.dumps(answer), flush=True)
