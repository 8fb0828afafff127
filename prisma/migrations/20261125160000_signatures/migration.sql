-- What gives access carries a signature that this database cannot make (docs/decisions/20261125-signed-records.md). Rows from
-- before have none, and give nothing any more.
ALTER TABLE "people" ADD COLUMN "signature" TEXT;
ALTER TABLE "requests" ADD COLUMN "signature" TEXT;
ALTER TABLE "decisions" ADD COLUMN "signature" TEXT;
ALTER TABLE "grants" ADD COLUMN "signature" TEXT;
ALTER TABLE "credential_orders" ADD COLUMN "signature" TEXT;
ALTER TABLE "idempotency" ADD COLUMN "signature" TEXT;

-- An end is never put off by whoever writes to the queue: neither by a beginning that lies ahead, nor by a due time or a lease.
CREATE FUNCTION guard_grant_times() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.activated_at > clock_timestamp() + interval '1 minute' THEN
    RAISE EXCEPTION 'access does not begin in the future' USING ERRCODE = '23514';
  END IF;
  IF NEW.status IN ('active', 'ending') AND NEW.next_attempt_at > greatest(NEW.expires_at, clock_timestamp() + interval '5 minutes') THEN
    RAISE EXCEPTION 'the end of a grant is not put off' USING ERRCODE = '23514';
  END IF;
  IF NEW.lease_until > clock_timestamp() + interval '5 minutes' THEN
    RAISE EXCEPTION 'no worker holds a grant for longer than five minutes without a sign of life' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER grants_guard_times BEFORE INSERT OR UPDATE OF "activated_at", "next_attempt_at", "lease_until", "status" ON "grants"
  FOR EACH ROW EXECUTE FUNCTION guard_grant_times();
