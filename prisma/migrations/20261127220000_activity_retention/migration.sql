-- Old calls are removed in small steps, by one function that the application's role may call. It has no right to delete anything itself.
CREATE TABLE "activity_retention" (
    "id" BOOLEAN NOT NULL DEFAULT true,
    "removed_before" TIMESTAMPTZ(6) NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    "is_done" BOOLEAN NOT NULL DEFAULT true,
    "position_at" TIMESTAMPTZ(6),
    "position_id" BIGINT,
    "calls" BIGINT NOT NULL DEFAULT 0,
    "sources" BIGINT NOT NULL DEFAULT 0,
    "rejections" BIGINT NOT NULL DEFAULT 0,
    "minutes" BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT "activity_retention_pkey" PRIMARY KEY ("id")
);
ALTER TABLE "activity_retention" ADD CONSTRAINT activity_retention_is_one CHECK (id);
INSERT INTO "activity_retention" DEFAULT VALUES;

-- What may be removed: what is older than the time that `activity_retention` states, and sources without calls.
CREATE FUNCTION refuse_change_of_activity() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'activity' THEN
    IF OLD.at < (SELECT removed_before FROM activity_retention) THEN RETURN OLD; END IF;
  ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'activity_minutes' THEN
    IF OLD.minute < (SELECT removed_before FROM activity_retention) THEN RETURN OLD; END IF;
  ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'activity_sources' THEN
    IF NOT EXISTS (SELECT FROM activity WHERE source_id = OLD.id) THEN RETURN OLD; END IF;
  END IF;
  RAISE EXCEPTION '% on % is refused: its rows are history', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;

-- The statement that removed history can't be taken back, and its row is the only one.
CREATE FUNCTION guard_retention() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.removed_before >= OLD.removed_before
    AND (NEW.removed_before = OLD.removed_before OR NEW.removed_before <= clock_timestamp() - interval '30 days') THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'activity_retention only moves forward, and never past the last 30 days' USING ERRCODE = '42501';
END $$;
CREATE TRIGGER activity_retention_guard BEFORE UPDATE OR DELETE ON "activity_retention" FOR EACH ROW EXECUTE FUNCTION guard_retention();
CREATE TRIGGER activity_retention_stays BEFORE TRUNCATE ON "activity_retention" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
ALTER TABLE "activity_retention" ENABLE ALWAYS TRIGGER activity_retention_guard;
ALTER TABLE "activity_retention" ENABLE ALWAYS TRIGGER activity_retention_stays;

-- NB: these locks are those of a moment, whatever the size of the tables: no row is read. Behind a long transaction they are given up.
SET LOCAL lock_timeout = '1s';
CREATE OR REPLACE TRIGGER activity_is_permanent BEFORE UPDATE OR DELETE ON "activity" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_activity();
CREATE OR REPLACE TRIGGER activity_sources_are_permanent BEFORE UPDATE OR DELETE ON "activity_sources" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_activity();
CREATE OR REPLACE TRIGGER activity_minutes_are_permanent BEFORE UPDATE OR DELETE ON "activity_minutes" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_activity();
ALTER TABLE "activity" ENABLE ALWAYS TRIGGER activity_is_permanent;
ALTER TABLE "activity_sources" ENABLE ALWAYS TRIGGER activity_sources_are_permanent;
ALTER TABLE "activity_minutes" ENABLE ALWAYS TRIGGER activity_minutes_are_permanent;
SET LOCAL lock_timeout = DEFAULT;

-- One step: reads at most `step` calls that are older, in the order of their time, and removes them. `done` is true once in each
-- removal, with its figures; without a row, there is nothing to do, or another process is at it.
-- A call that the history names as suspicious stays.
CREATE FUNCTION remove_old_activity(older_than timestamptz, step int)
  RETURNS TABLE (done boolean, before timestamptz, calls bigint, sources bigint, rejections bigint, minutes bigint)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  r activity_retention%ROWTYPE;
  seen bigint := 0;
  gone bigint;
  of_sources bigint[];
BEGIN
  SELECT * INTO r FROM activity_retention FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN; END IF;
  IF r.is_done THEN
    IF older_than IS NULL OR older_than <= r.removed_before THEN RETURN; END IF;
    r.removed_before := older_than;
    r.is_done := false;
    r.position_at := '-infinity'; r.position_id := 0;
    r.calls := 0; r.sources := 0; r.rejections := 0; r.minutes := 0;
    UPDATE activity_retention SET removed_before = r.removed_before;
  END IF;
  -- A batch that arrives finds its sources as they are, or makes them: saving one takes this lock too, shared.
  PERFORM pg_advisory_xact_lock(hashtextextended('activity sources', 0));
  WITH old AS MATERIALIZED (
    SELECT a.id, a.at, a.source_id FROM activity a
    WHERE a.at >= r.position_at AND (a.at, a.id) > (r.position_at, r.position_id) AND a.at < r.removed_before
    ORDER BY a.at, a.id LIMIT step),
  removed AS (
    DELETE FROM activity a USING old, activity_sources s
    WHERE a.id = old.id AND s.id = old.source_id AND NOT (s.grant_id IS NOT NULL AND EXISTS (
      SELECT FROM audit_events e LEFT JOIN grants g ON g.id = e.grant_id
      WHERE e.grant_id = s.grant_id AND e.type = 'activity.suspicious' AND e.data ->> 'account' = s.account
        AND e.data ->> 'credentialId' IS NOT DISTINCT FROM s.credential_id
        AND (e.data ->> 'suspicion' <> 'after-end' OR g.ended_at IS NULL OR a.at > g.ended_at)))
    RETURNING a.source_id)
  SELECT (SELECT count(*) FROM old), (SELECT count(*) FROM removed), (SELECT array_agg(DISTINCT source_id) FROM removed),
    coalesce((SELECT max(at) FROM old), r.position_at),
    coalesce((SELECT id FROM old ORDER BY at DESC, id DESC LIMIT 1), r.position_id)
  INTO seen, gone, of_sources, r.position_at, r.position_id;
  r.calls := r.calls + gone;
  DELETE FROM activity_sources s WHERE s.id = ANY (of_sources) AND NOT EXISTS (SELECT FROM activity a WHERE a.source_id = s.id);
  GET DIAGNOSTICS gone = ROW_COUNT;
  r.sources := r.sources + gone;
  IF seen < step THEN
    DELETE FROM activity_rejections WHERE id IN (
      SELECT id FROM activity_rejections WHERE received_at < r.removed_before ORDER BY id LIMIT step);
    GET DIAGNOSTICS gone = ROW_COUNT;
    r.rejections := r.rejections + gone;
    seen := greatest(seen, gone);
    DELETE FROM activity_minutes WHERE (cluster, minute) IN (
      SELECT f.cluster, old.minute FROM activity_feeds f CROSS JOIN LATERAL (SELECT minute FROM activity_minutes
        WHERE cluster = f.cluster AND minute < r.removed_before ORDER BY minute LIMIT step) AS old LIMIT step);
    GET DIAGNOSTICS gone = ROW_COUNT;
    r.minutes := r.minutes + gone;
    seen := greatest(seen, gone);
  END IF;
  r.is_done := seen < step;
  UPDATE activity_retention SET is_done = r.is_done, position_at = r.position_at, position_id = r.position_id,
    calls = r.calls, sources = r.sources, rejections = r.rejections, minutes = r.minutes;
  RETURN QUERY SELECT r.is_done, r.removed_before, r.calls, r.sources, r.rejections, r.minutes;
END $$;
REVOKE ALL ON FUNCTION remove_old_activity(timestamptz, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remove_old_activity(timestamptz, int) TO postern_app;
GRANT SELECT ON "activity_retention" TO postern_app;
