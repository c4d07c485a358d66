"""Applies the migrations of django_shop to a SQLite file with Django itself: django_migrations.py DATABASE.

Each migration is followed by writes through SQL, as the application that it belongs to would make them.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "django_shop"))

import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1], "OPTIONS": {"timeout": 30}}},
    INSTALLED_APPS=["shop"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

WRITES = {
    "0001": [
        "INSERT INTO shop_customer (id, name, email, active) VALUES (1, 'Ada', 'ada@example', 1), (2, 'Bob', 'bob@example', 0)",
        "INSERT INTO shop_order (id, customer_id, total, placed) VALUES (1, 1, '1.10', '2024-01-02 03:04:05')",
        "INSERT INTO shop_order (id, customer_id, total, placed) VALUES (2, 2, '20', '2024-02-03 04:05:06.789')",
    ],
    "0002": ["INSERT INTO shop_customer (id, name, email, active, note) VALUES (3, 'Cyd', 'cyd@example', 1, 'new')"],
    "0003": ["UPDATE shop_customer SET name = name || '!' WHERE id = 2"],
    "0005": ["REPLACE INTO shop_customer (id, full_name, email, active, note) VALUES (4, 'Dee', 'ada2@example', 1, '')"],
    "0006": [
        "INSERT INTO shop_tag (id, word) VALUES (1, 'red'), (2, 'blue')",
        "INSERT INTO shop_order_tags (order_id, tag_id) VALUES (1, 1), (1, 2)",
    ],
    "0007": ["UPDATE shop_purchase SET total = '3.50' WHERE id = 1"],
    "0008": ["DELETE FROM shop_purchase WHERE id = 2"],
}

for name in sorted(path.stem for path in (Path(__file__).parent / "django_shop/shop/migrations").glob("0*.py")):
    call_command("migrate", "shop", name, verbosity=0)
    with connection.cursor() as cursor:
        for statement in WRITES.get(name[:4], []):
            cursor.execute(statement)
    print(name, flush=True)
