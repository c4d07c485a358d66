CREATE TABLE IF NOT EXISTS _changeover_quarantine (
  tbl INTEGER NOT NULL,
  key BLOB NOT NULL,
  name TEXT NOT NULL,
  key_text TEXT NOT NULL,
  column_name TEXT,
  reason TEXT NOT NULL,
  -- SQLite's result code, where a constraint refused the row.
  code INTEGER,
  image BLOB,
  seen_group INTEGER NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  -- Set where a person decided that the row does not come back: then it is in nobody's way.
  discarded_at TEXT,
  PRIMARY KEY (tbl, key)
) WITHOUT ROWID;
