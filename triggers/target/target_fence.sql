CREATE TRIGGER _changeover_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT WHEN (current_setting('changeover.apply', true) IS DISTINCT FROM 'on')
  EXECUTE FUNCTION {closed}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER _changeover_fence;
