CREATE TRIGGER {trigger} AFTER INSERT ON {table} BEGIN
  INSERT INTO _changeover_change (tbl, op, nonce, {keys}) VALUES ({id}, 1, random(), {new});
END
