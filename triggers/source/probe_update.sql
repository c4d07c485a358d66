CREATE TRIGGER {trigger} BEFORE UPDATE{setting} ON {table} WHEN {changed} BEGIN
  INSERT INTO _changeover_change (tbl, op, nonce, {keys}) SELECT {id}, 4, random(), {own} FROM {table} WHERE {displaced};
END
