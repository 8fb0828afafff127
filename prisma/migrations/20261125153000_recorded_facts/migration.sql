-- AlterTable
ALTER TABLE "requests" ADD COLUMN "facts" JSONB;

-- What a request was judged by is part of who asked for what: it is not changed afterwards.
CREATE FUNCTION refuse_other_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what a request was judged by is not changed afterwards' USING ERRCODE = '23514';
END $$;
CREATE TRIGGER requests_facts_stay BEFORE UPDATE ON "requests" FOR EACH ROW
  WHEN (NEW.facts IS DISTINCT FROM OLD.facts) EXECUTE FUNCTION refuse_other_facts();

-- Refusals of the last days, for what the guardrails did in them.
CREATE INDEX audit_events_refused_at ON "audit_events" (at) WHERE type = 'request.refused';
