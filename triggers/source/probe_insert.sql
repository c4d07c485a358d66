CREATE TRIGGER {trigger} BEFORE INSERT ON {table} BEGIN
  INSERT INTO _changeover_change (tbl, op, nonce, {keys}) SELECT {id}, 4, random(), {own} FROM {table} WHERE {displaced};
END
