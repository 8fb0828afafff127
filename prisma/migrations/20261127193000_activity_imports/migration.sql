-- Imports of log files of API servers, and the calls that only they brought.
CREATE TABLE "activity_imports" (
    "id" TEXT NOT NULL,
    "cluster" TEXT NOT NULL,
    "file" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    CONSTRAINT "activity_imports_pkey" PRIMARY KEY ("id")
);
ALTER TABLE "activity_imports" ADD CONSTRAINT "activity_imports_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "activity" ADD COLUMN "import_id" TEXT;
ALTER TABLE "activity" ADD CONSTRAINT "activity_import_id_fkey" FOREIGN KEY ("import_id") REFERENCES "activity_imports"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
CREATE INDEX activity_imported ON "activity" (import_id, at) WHERE import_id IS NOT NULL;

-- The minutes in which a cluster reported at least one call, also of calls that are only counted.
CREATE TABLE "activity_minutes" (
    "cluster" TEXT NOT NULL,
    "minute" TIMESTAMPTZ(6) NOT NULL,
    CONSTRAINT "activity_minutes_pkey" PRIMARY KEY ("cluster","minute")
);

CREATE TRIGGER activity_imports_are_permanent BEFORE UPDATE OR DELETE ON "activity_imports" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER activity_imports_stay BEFORE TRUNCATE ON "activity_imports" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER activity_minutes_are_permanent BEFORE UPDATE OR DELETE ON "activity_minutes" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER activity_minutes_stay BEFORE TRUNCATE ON "activity_minutes" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
ALTER TABLE "activity_imports" ENABLE ALWAYS TRIGGER activity_imports_are_permanent;
ALTER TABLE "activity_imports" ENABLE ALWAYS TRIGGER activity_imports_stay;
ALTER TABLE "activity_minutes" ENABLE ALWAYS TRIGGER activity_minutes_are_permanent;
ALTER TABLE "activity_minutes" ENABLE ALWAYS TRIGGER activity_minutes_stay;
GRANT SELECT, INSERT ON "activity_imports", "activity_minutes" TO postern_app;
