CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $changeover$
DECLARE
  {variables}
  moved boolean := false;
  told boolean := true;
BEGIN
  -- The application's write does not fail because somebody dropped what is ours.
  IF to_regclass({log_literal}) IS NULL THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO {log} (op) VALUES (4);
    RETURN NULL;
  END IF;
  -- Nor because a key column is called otherwise by now, or holds another type. Nothing is written in this block, so it
  -- takes no transaction number of its own.
  BEGIN
    IF TG_OP = 'DELETE' THEN
      {take_deleted}
    ELSE
      {take_new}
    END IF;
    IF TG_OP = 'UPDATE' THEN
      {take_old}
      moved := ROW({old})::record *<> ROW({new})::record;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    told := false;
  END;
  IF NOT told THEN
    INSERT INTO {log} (op) VALUES (5);
    RETURN NULL;
  END IF;
  INSERT INTO {log} (op, {keys}) VALUES (CASE TG_OP WHEN 'INSERT' THEN 1 WHEN 'UPDATE' THEN 2 ELSE 3 END, {new});
  IF moved THEN
    INSERT INTO {log} (op, {keys}) VALUES (2, {old});
  END IF;
  RETURN NULL;
END
$changeover$;
