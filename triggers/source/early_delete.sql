CREATE TRIGGER {trigger} BEFORE DELETE ON {table} BEGIN
  INSERT INTO _changeover_change (tbl, op, nonce, {keys}) VALUES ({id}, 4, random(), {old});
END
