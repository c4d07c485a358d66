CREATE TRIGGER {trigger} BEFORE {event} ON {table} BEGIN
  SELECT RAISE(ABORT, {message});
END
