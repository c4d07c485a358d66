CREATE TABLE _changeover_change (seq INTEGER PRIMARY KEY, tbl, op, nonce{keys});
CREATE TABLE _changeover_table (id INTEGER PRIMARY KEY, name TEXT NOT NULL, shape TEXT NOT NULL, hold TEXT, reason TEXT, request TEXT);
CREATE TABLE _changeover_meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE _changeover_schema (place INTEGER PRIMARY KEY, type, name, tbl_name, sql);
CREATE TABLE _changeover_step (seq INTEGER, tbl INTEGER, step TEXT NOT NULL);
INSERT INTO _changeover_change (tbl, op, nonce) VALUES (0, 0, random());
