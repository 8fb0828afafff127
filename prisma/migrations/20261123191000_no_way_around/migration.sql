-- What a program error, or whoever got hold of the application's role, must not be able to write.

-- 1. When an event was recorded, and in which order, is the database's to say: nothing is slipped in before or between.
REVOKE INSERT ON "audit_events" FROM postern_app;
GRANT INSERT ("id", "type", "actor_kind", "actor_id", "actor_issuer", "actor_subject", "actor_name", "actor_email", "via", "client_address",
  "reference", "request_id", "grant_id", "about_id", "cluster", "namespaces", "policy_hash", "data", "before", "after") ON "audit_events" TO postern_app;

-- 2. Nobody decides their own request (promise 2).
CREATE FUNCTION guard_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM requests WHERE id = NEW.request_id AND requester_id = NEW.person_id) THEN
    RAISE EXCEPTION 'nobody decides their own request' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER decisions_guard BEFORE INSERT ON "decisions" FOR EACH ROW EXECUTE FUNCTION guard_decision();

-- 3. A grant is what an approved request asks for, there and no longer (promise 3).
CREATE FUNCTION guard_new_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM requests WHERE id = NEW.request_id AND status = 'approved' AND cluster = NEW.cluster
                 AND duration_seconds = NEW.duration_seconds) THEN
    RAISE EXCEPTION 'a grant is made for an approved request, exactly as it was approved' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER grants_guard_new BEFORE INSERT ON "grants" FOR EACH ROW EXECUTE FUNCTION guard_new_grant();

-- 4. An identity is never another one afterwards, and what a request asks for beyond what can be narrowed stays.
CREATE FUNCTION refuse_other_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'who somebody is, is not changed' USING ERRCODE = '23514';
END $$;
CREATE TRIGGER people_stay BEFORE UPDATE ON "people" FOR EACH ROW
  WHEN ((NEW.id, NEW.issuer, NEW.subject) IS DISTINCT FROM (OLD.id, OLD.issuer, OLD.subject)) EXECUTE FUNCTION refuse_other_identity();
CREATE FUNCTION refuse_other_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the terms of a request are only ever narrowed' USING ERRCODE = '23514';
END $$;
CREATE TRIGGER requests_stay BEFORE UPDATE ON "requests" FOR EACH ROW
  WHEN ((NEW.cluster_role, NEW.starts_at) IS DISTINCT FROM (OLD.cluster_role, OLD.starts_at)) EXECUTE FUNCTION refuse_other_terms();
