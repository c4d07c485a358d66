CREATE TABLE _changeover_change (seq INTEGER PRIMARY KEY, tbl, op, nonce{keys});
CREATE TABLE _changeover_table (id INTEGER PRIMARY KEY, name TEXT NOT NULL, shape TEXT NOT NULL);
CREATE TABLE _changeover_meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE _changeover_canary (note);
INSERT INTO _changeover_canary (rowid, note) VALUES (7, 'VACUUM renumbers this row');
INSERT INTO _changeover_change (tbl, op, nonce) VALUES (0, 0, random());
