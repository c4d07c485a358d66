CREATE TABLE {log} (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  op smallint NOT NULL{key_columns}
);
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $changeover$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO {log} (op, {keys}) VALUES (1, {new});
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO {log} (op, {keys}) VALUES (2, {new});
    IF {changed} THEN
      INSERT INTO {log} (op, {keys}) VALUES (2, {old});
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO {log} (op, {keys}) VALUES (3, {old});
  ELSE
    INSERT INTO {log} (op) VALUES (4);
  END IF;
  RETURN NULL;
END
$changeover$;
CREATE TRIGGER _changeover_capture AFTER INSERT OR UPDATE OR DELETE ON {table}
  FOR EACH ROW WHEN (current_setting('changeover.apply', true) IS DISTINCT FROM 'on')
  EXECUTE FUNCTION {function}();
CREATE TRIGGER _changeover_capture_truncate AFTER TRUNCATE ON {table}
  FOR EACH STATEMENT WHEN (current_setting('changeover.apply', true) IS DISTINCT FROM 'on')
  EXECUTE FUNCTION {function}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER _changeover_capture;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER _changeover_capture_truncate;
