"""Applies batch migrations to a SQLite file with Alembic itself: alembic_migrations.py DATABASE.

Alembic builds a table anew as `_alembic_tmp_…`, copies the rows, drops the old one and renames; with Python's sqlite3 in its
usual mode, where DDL begins no transaction, each of these statements commits by itself.
"""
import sys

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

engine = sa.create_engine(f"sqlite:///{sys.argv[1]}", connect_args={"timeout": 30})


def create(op):
    op.create_table(
        "wallet", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)),
        sa.Column("balance", sa.Float), sa.Column("opened", sa.DateTime),
    )  # fmt: skip
    op.execute("INSERT INTO wallet VALUES (1, 'a', 0.1, '2024-01-02 03:04:05.000000'), (2, 'b', -0.0, NULL)")


def add(op):
    with op.batch_alter_table("wallet") as batch:
        batch.add_column(sa.Column("active", sa.Boolean, server_default=sa.true(), nullable=False))
    op.execute("INSERT INTO wallet (id, name, active) VALUES (3, 'c', 0)")


def alter(op):
    with op.batch_alter_table("wallet", recreate="always") as batch:
        batch.alter_column("name", type_=sa.Text(), nullable=False, new_column_name="owner")
        batch.create_unique_constraint("owner_once", ["owner"])
    op.execute("INSERT OR REPLACE INTO wallet (id, owner) VALUES (4, 'a')")


def index(op):
    op.create_index("wallet_opened", "wallet", ["opened"])
    with op.batch_alter_table("wallet") as batch:
        batch.drop_column("balance")


def rename(op):
    op.rename_table("wallet", "holding")
    op.execute("UPDATE holding SET owner = owner || '!' WHERE id = 2")


def less(op):
    with op.batch_alter_table("holding", recreate="always") as batch:
        batch.alter_column("owner", nullable=True)
    op.drop_index("wallet_opened", "holding")
    op.execute("INSERT INTO holding (id, owner) VALUES (5, NULL)")


for step in (create, add, alter, index, rename, less):
    with engine.connect() as connection:
        step(Operations(MigrationContext.configure(connection)))
        connection.commit()
    print(step.__name__, flush=True)
