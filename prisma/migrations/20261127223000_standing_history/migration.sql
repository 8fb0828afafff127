-- The standing RBAC rights of each cluster as they were read, as differences between readings: a row is one state of one object.
CREATE TABLE "standing_objects" (
    "id" BIGSERIAL NOT NULL,
    "cluster" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT,
    "content" JSONB NOT NULL,
    "hash" TEXT NOT NULL,
    "first_at" TIMESTAMPTZ(6) NOT NULL,
    "gone_at" TIMESTAMPTZ(6),
    CONSTRAINT "standing_objects_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "standing_objects_cluster_role_idx" ON "standing_objects"("cluster", "role");
CREATE INDEX "standing_objects_gone_at_idx" ON "standing_objects"("gone_at");
CREATE UNIQUE INDEX standing_objects_present ON "standing_objects" (cluster, kind, namespace, name) WHERE gone_at IS NULL;

-- When a cluster was read, with one result: the first and the last of these readings.
CREATE TABLE "standing_readings" (
    "cluster" TEXT NOT NULL,
    "first_at" TIMESTAMPTZ(6) NOT NULL,
    "last_at" TIMESTAMPTZ(6) NOT NULL,
    "hash" TEXT NOT NULL,
    CONSTRAINT "standing_readings_pkey" PRIMARY KEY ("cluster","first_at")
);
CREATE INDEX "standing_readings_last_at_idx" ON "standing_readings"("last_at");

ALTER TABLE "standing_objects" ADD CONSTRAINT standing_objects_kind CHECK (
    kind IN ('Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding') AND (role IS NULL) = (kind IN ('Role', 'ClusterRole'))),
  ADD CONSTRAINT standing_objects_times CHECK (gone_at > first_at);
ALTER TABLE "standing_readings" ADD CONSTRAINT standing_readings_times CHECK (last_at >= first_at);

-- A state gets its end once, a reading only gets later, and nothing is removed before activity_retention says so.
CREATE FUNCTION guard_standing() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'standing_objects' THEN
    IF TG_OP = 'UPDATE' AND OLD.gone_at IS NULL AND NEW.gone_at IS NOT NULL
      AND to_jsonb(NEW) - 'gone_at' = to_jsonb(OLD) - 'gone_at' THEN RETURN NEW; END IF;
    IF TG_OP = 'DELETE' AND OLD.gone_at < (SELECT removed_before FROM activity_retention) THEN RETURN OLD; END IF;
  ELSE
    IF TG_OP = 'UPDATE' AND NEW.last_at >= OLD.last_at AND to_jsonb(NEW) - 'last_at' = to_jsonb(OLD) - 'last_at' THEN RETURN NEW; END IF;
    IF TG_OP = 'DELETE' AND OLD.last_at < (SELECT removed_before FROM activity_retention) THEN RETURN OLD; END IF;
  END IF;
  RAISE EXCEPTION '% on % is refused: its rows are history', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;
CREATE TRIGGER standing_objects_guard BEFORE UPDATE OR DELETE ON "standing_objects" FOR EACH ROW EXECUTE FUNCTION guard_standing();
CREATE TRIGGER standing_objects_stay BEFORE TRUNCATE ON "standing_objects" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER standing_readings_guard BEFORE UPDATE OR DELETE ON "standing_readings" FOR EACH ROW EXECUTE FUNCTION guard_standing();
CREATE TRIGGER standing_readings_stay BEFORE TRUNCATE ON "standing_readings" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
ALTER TABLE "standing_objects" ENABLE ALWAYS TRIGGER standing_objects_guard;
ALTER TABLE "standing_objects" ENABLE ALWAYS TRIGGER standing_objects_stay;
ALTER TABLE "standing_readings" ENABLE ALWAYS TRIGGER standing_readings_guard;
ALTER TABLE "standing_readings" ENABLE ALWAYS TRIGGER standing_readings_stay;

-- Removes states that ended, and readings, before the time before which calls are removed. Returns how many states were removed.
CREATE FUNCTION remove_old_standing(step int) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  old timestamptz;
  gone bigint;
BEGIN
  SELECT removed_before INTO old FROM activity_retention;
  DELETE FROM standing_readings WHERE (cluster, first_at) IN (
    SELECT r.cluster, r.first_at FROM standing_readings r WHERE r.last_at < old
      -- The last reading before that time says how things were at it.
      AND EXISTS (SELECT FROM standing_readings n WHERE n.cluster = r.cluster AND n.first_at > r.first_at AND n.first_at < old)
    ORDER BY r.last_at LIMIT step FOR UPDATE SKIP LOCKED);
  DELETE FROM standing_objects WHERE id IN (
    SELECT id FROM standing_objects WHERE gone_at < old ORDER BY gone_at LIMIT step FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;
REVOKE ALL ON FUNCTION remove_old_standing(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remove_old_standing(int) TO postern_app;
GRANT SELECT, INSERT ON "standing_objects", "standing_readings" TO postern_app;
GRANT UPDATE ("gone_at") ON "standing_objects" TO postern_app;
GRANT UPDATE ("last_at") ON "standing_readings" TO postern_app;
GRANT USAGE ON SEQUENCE "standing_objects_id_seq" TO postern_app;
