CREATE TRIGGER {trigger} AFTER UPDATE OF {setting} ON {table} WHEN {changed} BEGIN
  INSERT INTO _changeover_change (tbl, op, nonce, {keys}) VALUES ({id}, 2, random(), {old});
END
