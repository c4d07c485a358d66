CREATE TABLE {log} (
  op smallint NOT NULL{key_columns}
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
-- A publication of all tables would refuse to delete rows that nothing tells apart.
ALTER TABLE {log} REPLICA IDENTITY FULL;
