CREATE TRIGGER {trigger} BEFORE UPDATE OF {setting} ON {table} BEGIN
  INSERT INTO _changeover_change (tbl, op, nonce, {keys}) VALUES ({id}, 4, random(), {old});
  INSERT INTO _changeover_change (tbl, op, nonce, {keys}) SELECT {id}, 4, random(), {coming} WHERE {changed};
END
