CREATE VIEW {view} AS SELECT 1 FROM {message}
