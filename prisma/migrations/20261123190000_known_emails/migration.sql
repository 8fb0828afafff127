-- AlterTable
ALTER TABLE "people" ADD COLUMN "known_emails" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];

UPDATE "people" SET "known_emails" = ARRAY["email"] WHERE "email_verified" AND "email" IS NOT NULL;

-- Nobody decides their own request with a second account (promise 2), and that holds by every address that was ever
-- verified: one that was changed or left out since still says who it was. Only the database adds, and nobody takes away.
CREATE FUNCTION keep_known_emails() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    NEW.known_emails := OLD.known_emails;
  ELSE
    NEW.known_emails := ARRAY[]::TEXT[];
  END IF;
  IF NEW.email_verified AND NEW.email IS NOT NULL AND NEW.email <> ALL (NEW.known_emails) THEN
    NEW.known_emails := NEW.known_emails || NEW.email;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER people_known_emails BEFORE INSERT OR UPDATE ON "people" FOR EACH ROW EXECUTE FUNCTION keep_known_emails();
