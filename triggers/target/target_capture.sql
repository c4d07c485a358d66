CREATE TRIGGER _changeover_capture AFTER INSERT OR UPDATE OR DELETE ON {table}
  FOR EACH ROW WHEN (current_setting('changeover.apply', true) IS DISTINCT FROM 'on')
  EXECUTE FUNCTION {function}();
CREATE TRIGGER _changeover_capture_truncate AFTER TRUNCATE ON {table}
  FOR EACH STATEMENT WHEN (current_setting('changeover.apply', true) IS DISTINCT FROM 'on')
  EXECUTE FUNCTION {function}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER _changeover_capture;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER _changeover_capture_truncate;
