-- The cosignatures of witnesses for checkpoints: lines of a note, which a reader verifies.
CREATE TABLE "log_cosignatures" (
    "size" BIGINT NOT NULL,
    "line" TEXT NOT NULL,
    "cosigned_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "log_cosignatures_pkey" PRIMARY KEY ("size","line")
);
ALTER TABLE "log_cosignatures" ADD CONSTRAINT log_cosignatures_are_short CHECK (length(line) <= 500);
CREATE TRIGGER log_cosignatures_are_permanent BEFORE UPDATE OR DELETE ON "log_cosignatures" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER log_cosignatures_stay BEFORE TRUNCATE ON "log_cosignatures" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
ALTER TABLE "log_cosignatures" ENABLE ALWAYS TRIGGER log_cosignatures_are_permanent;
ALTER TABLE "log_cosignatures" ENABLE ALWAYS TRIGGER log_cosignatures_stay;
GRANT SELECT, INSERT ("size", "line") ON "log_cosignatures" TO postern_app;
