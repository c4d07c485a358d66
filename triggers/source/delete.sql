CREATE TRIGGER {trigger} AFTER DELETE ON {table} BEGIN
  INSERT INTO _changeover_change (tbl, op, nonce, {keys}) VALUES ({id}, 3, random(), {old});
END
