CREATE TABLE IF NOT EXISTS {source} (
  source uuid PRIMARY KEY,
  label text NOT NULL,
  format integer NOT NULL,
  owner uuid NOT NULL,
  epoch bigint NOT NULL,
  phase text NOT NULL,
  applied_group bigint NOT NULL,
  applied_sequence bigint NOT NULL,
  applied_nonce bigint NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  switch_id uuid,
  -- The way back that goes on, or the last one that was decided.
  way_back_id uuid,
  -- How far the application's writes since the switch were taken out of the logs, by the transaction that took them.
  captured_group bigint,
  captured_sequence bigint,
  captured_nonce bigint,
  captured_at timestamptz,
  plan text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS {heartbeat} (
  source uuid PRIMARY KEY,
  epoch bigint NOT NULL,
  at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS {copy} (
  source uuid NOT NULL,
  table_id bigint NOT NULL,
  cursor bytea,
  rows bigint NOT NULL DEFAULT 0,
  expected bigint NOT NULL DEFAULT 0,
  step text NOT NULL DEFAULT 'rows',
  PRIMARY KEY (source, table_id)
);
-- What the tables looked like at the switch, and what has changed since.
CREATE TABLE IF NOT EXISTS {reverse} (
  source uuid PRIMARY KEY,
  switch_id uuid,
  fingerprint text NOT NULL,
  shape text NOT NULL,
  deviations text NOT NULL,
  noticed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS {quarantine} (
  source uuid NOT NULL,
  table_id bigint NOT NULL,
  table_name text NOT NULL,
  key bytea NOT NULL,
  -- SHA-256 of the key: an index takes no entry over 2,700 bytes.
  digest bytea NOT NULL,
  key_text text NOT NULL,
  column_name text,
  reason text NOT NULL,
  -- The SQLSTATE, where PostgreSQL refused the row.
  state text,
  image bytea,
  first_seen timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  -- Set where a person decided that the row does not move: then it is in nobody's way.
  discarded_at timestamptz,
  PRIMARY KEY (source, table_id, digest)
);
-- What verify found, run by run; the newest ones are kept.
CREATE TABLE IF NOT EXISTS {verification} (
  source uuid NOT NULL,
  finished_at timestamptz NOT NULL,
  started_at timestamptz NOT NULL,
  -- Where both stores stood when the last rows were compared.
  applied_group bigint NOT NULL,
  applied_sequence bigint NOT NULL,
  applied_nonce bigint NOT NULL,
  -- Every table that moves, all of its rows.
  is_full boolean NOT NULL,
  is_equal boolean NOT NULL,
  differences bigint NOT NULL,
  repaired bigint NOT NULL,
  -- JSON: the names of the checks that failed, and rows and differences of each table.
  failed_checks text NOT NULL,
  tables text NOT NULL,
  -- Whether SQLite followed PostgreSQL: after the switch.
  is_reverse boolean NOT NULL,
  PRIMARY KEY (source, finished_at)
);

-- The position moves by compare-and-set: whoever lost the source, or comes too late, fails here and applies nothing.
-- Tells whether rows of the source are in the quarantine; refuses to go on where the caller relies on there being none.
CREATE OR REPLACE FUNCTION {advance}(
  the_source uuid, the_epoch bigint, the_phase text, from_group bigint, to_group bigint, to_sequence bigint,
  to_nonce bigint, must_be_clean boolean
) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $changeover$
DECLARE is_clean boolean;
BEGIN
  UPDATE {source}
    SET applied_group = to_group, applied_sequence = to_sequence, applied_nonce = to_nonce, applied_at = now()
    WHERE source = the_source AND epoch = the_epoch AND phase = the_phase AND applied_group = from_group;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'changeover: another process owns this source, or it has moved on' USING ERRCODE = 'CO001';
  END IF;
  is_clean := NOT EXISTS (SELECT FROM {quarantine} WHERE source = the_source);
  IF must_be_clean AND NOT is_clean THEN
    RAISE EXCEPTION 'changeover: rows of this source are in the quarantine' USING ERRCODE = 'CO003';
  END IF;
  RETURN is_clean;
END
$changeover$;

CREATE OR REPLACE FUNCTION {closed}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $changeover$
BEGIN
  RAISE EXCEPTION 'table % is closed: changeover is filling it from SQLite, and the application writes there until cutover',
    TG_TABLE_NAME USING ERRCODE = 'CO002', HINT = 'Run changeover cutover to switch to PostgreSQL.';
END
$changeover$;
