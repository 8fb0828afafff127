-- What the database itself refuses, whoever asks. Roles: the owner runs migrations; `postern_app` runs the product.

-- 1. History is permanent (promise 11). Refused to every role, the owner too.
CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are history', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;

CREATE TRIGGER audit_events_are_permanent BEFORE UPDATE OR DELETE ON "audit_events" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER audit_events_stay BEFORE TRUNCATE ON "audit_events" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER decisions_are_permanent BEFORE UPDATE OR DELETE ON "decisions" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER decisions_stay BEFORE TRUNCATE ON "decisions" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER policy_versions_are_permanent BEFORE UPDATE OR DELETE ON "policy_versions" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER entitlement_versions_are_permanent BEFORE UPDATE OR DELETE ON "entitlement_versions" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
ALTER TABLE "audit_events" ENABLE ALWAYS TRIGGER audit_events_are_permanent;
ALTER TABLE "audit_events" ENABLE ALWAYS TRIGGER audit_events_stay;
ALTER TABLE "decisions" ENABLE ALWAYS TRIGGER decisions_are_permanent;
ALTER TABLE "decisions" ENABLE ALWAYS TRIGGER decisions_stay;

-- 2. Status moves only along the machine (lib/access/status.ts holds the same table; a test compares them).
CREATE FUNCTION guard_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'pending' THEN
      RAISE EXCEPTION 'a request begins as pending, not as %', NEW.status USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.status <> OLD.status AND NOT (OLD.status = 'pending' AND NEW.status IN ('approved', 'denied', 'withdrawn', 'lapsed')) THEN
    RAISE EXCEPTION 'a request cannot go from % to %', OLD.status, NEW.status USING ERRCODE = '23514';
  END IF;
  IF (NEW.id, NEW.requester_id, NEW.cluster, NEW.asked, NEW.reason, NEW.ticket, NEW.verdict, NEW.steps, NEW.approver_groups, NEW.lapses_at,
      NEW.entitlement_name, NEW.entitlement_hash, NEW.policy_hash, NEW.created_at)
     IS DISTINCT FROM (OLD.id, OLD.requester_id, OLD.cluster, OLD.asked, OLD.reason, OLD.ticket, OLD.verdict, OLD.steps, OLD.approver_groups, OLD.lapses_at,
      OLD.entitlement_name, OLD.entitlement_hash, OLD.policy_hash, OLD.created_at) THEN
    RAISE EXCEPTION 'who asked for what is not changed afterwards' USING ERRCODE = '23514';
  END IF;
  IF OLD.status <> 'pending' AND (NEW.namespaces, NEW.rules, NEW.cluster_role, NEW.duration_seconds, NEW.starts_at, NEW.digest, NEW.resolved_at)
     IS DISTINCT FROM (OLD.namespaces, OLD.rules, OLD.cluster_role, OLD.duration_seconds, OLD.starts_at, OLD.digest, OLD.resolved_at) THEN
    RAISE EXCEPTION 'the terms of a decided request are not changed' USING ERRCODE = '23514';
  END IF;
  IF NEW.duration_seconds > OLD.duration_seconds OR NOT (NEW.namespaces <@ OLD.namespaces) THEN
    RAISE EXCEPTION 'the terms of a request are only ever narrowed' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER requests_guard BEFORE INSERT OR UPDATE ON "requests" FOR EACH ROW EXECUTE FUNCTION guard_request();

CREATE FUNCTION guard_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'pending' THEN
      RAISE EXCEPTION 'a grant begins as pending, not as %', NEW.status USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.status <> OLD.status AND NOT (
       (OLD.status = 'pending' AND NEW.status IN ('active', 'ending'))
    OR (OLD.status = 'active' AND NEW.status = 'ending')
    OR (OLD.status = 'ending' AND NEW.status = 'ended')) THEN
    RAISE EXCEPTION 'a grant cannot go from % to %', OLD.status, NEW.status USING ERRCODE = '23514';
  END IF;
  IF (NEW.id, NEW.request_id, NEW.cluster, NEW.duration_seconds) IS DISTINCT FROM (OLD.id, OLD.request_id, OLD.cluster, OLD.duration_seconds) THEN
    RAISE EXCEPTION 'a grant stays what was approved' USING ERRCODE = '23514';
  END IF;
  -- An end may come sooner, never later.
  IF OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at > OLD.expires_at) THEN
    RAISE EXCEPTION 'the end of a grant is never moved later' USING ERRCODE = '23514';
  END IF;
  IF OLD.activated_at IS NOT NULL AND NEW.activated_at IS DISTINCT FROM OLD.activated_at THEN
    RAISE EXCEPTION 'a grant begins once' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER grants_guard BEFORE INSERT OR UPDATE ON "grants" FOR EACH ROW EXECUTE FUNCTION guard_grant();

ALTER TABLE "requests"
  ADD CONSTRAINT requests_duration_positive CHECK (duration_seconds > 0),
  ADD CONSTRAINT requests_have_namespaces CHECK (cardinality(namespaces) > 0),
  ADD CONSTRAINT requests_resolved CHECK ((status = 'pending') = (resolved_at IS NULL));
ALTER TABLE "grants"
  ADD CONSTRAINT grants_active_has_end CHECK (status <> 'active' OR (activated_at IS NOT NULL AND expires_at IS NOT NULL)),
  ADD CONSTRAINT grants_expire_on_time CHECK (expires_at IS NULL OR expires_at <= activated_at + make_interval(secs => duration_seconds)),
  ADD CONSTRAINT grants_ending_has_reason CHECK ((status IN ('ending', 'ended')) = (ended_by IS NOT NULL AND ending_at IS NOT NULL)),
  ADD CONSTRAINT grants_ended_has_proof CHECK ((status = 'ended') = (ended_at IS NOT NULL)),
  ADD CONSTRAINT grants_work_left CHECK ((status = 'ended') = (next_attempt_at IS NULL));

-- 3. A grant that has work to do wakes the workers; any change wakes the pages that are open.
CREATE FUNCTION wake_worker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('postern_grant', NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER grants_wake AFTER INSERT ON "grants" FOR EACH ROW EXECUTE FUNCTION wake_worker();
CREATE TRIGGER grants_wake_on_move AFTER UPDATE OF status ON "grants" FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION wake_worker();

CREATE FUNCTION wake_for_credential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('postern_credential', NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER credential_orders_wake AFTER INSERT ON "credential_orders" FOR EACH ROW EXECUTE FUNCTION wake_for_credential();

-- 4. The application's role: what it needs, table by table. It owns nothing and can alter nothing.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO postern_app;
GRANT SELECT, INSERT ON "audit_events", "decisions", "policy_versions", "entitlement_versions", "credentials" TO postern_app;
GRANT SELECT, INSERT, UPDATE ON "people", "requests", "grants", "grant_objects", "cluster_states" TO postern_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON "sessions", "idempotency", "workers", "credential_orders" TO postern_app;
GRANT USAGE ON SEQUENCE "audit_events_seq_seq" TO postern_app;
-- `_prisma_migrations` is there in every real database; not in the empty one that Prisma compares schemas with.
DO $$ BEGIN
  IF to_regclass('"_prisma_migrations"') IS NOT NULL THEN
    GRANT SELECT ON "_prisma_migrations" TO postern_app;
  END IF;
END $$;

-- 5. History is searched by who acted, in any letter case. Prisma cannot say an index of an expression.
CREATE INDEX audit_events_actor_name_folded ON "audit_events" (lower("actor_name"));
CREATE INDEX audit_events_actor_email_folded ON "audit_events" (lower("actor_email"));
CREATE INDEX audit_events_actor_subject_folded ON "audit_events" (lower("actor_subject"));
