-- A clock that is set back puts what was written before it into the future. That must not keep a grant from being worked
-- on, or it could not be ended until the clock has caught up: each time is judged when it is written, and then no more.
CREATE OR REPLACE FUNCTION guard_grant_times() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  is_new BOOLEAN := TG_OP = 'INSERT';
BEGIN
  IF (is_new OR NEW.activated_at IS DISTINCT FROM OLD.activated_at) AND NEW.activated_at > clock_timestamp() + interval '1 minute' THEN
    RAISE EXCEPTION 'access does not begin in the future' USING ERRCODE = '23514';
  END IF;
  IF (is_new OR NEW.next_attempt_at IS DISTINCT FROM OLD.next_attempt_at OR NEW.status IS DISTINCT FROM OLD.status)
     AND NEW.status IN ('active', 'ending') AND NEW.next_attempt_at > greatest(NEW.expires_at, clock_timestamp() + interval '5 minutes') THEN
    RAISE EXCEPTION 'the end of a grant is not put off' USING ERRCODE = '23514';
  END IF;
  IF (is_new OR NEW.lease_until IS DISTINCT FROM OLD.lease_until) AND NEW.lease_until > clock_timestamp() + interval '5 minutes' THEN
    RAISE EXCEPTION 'no worker holds a grant for longer than five minutes without a sign of life' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
