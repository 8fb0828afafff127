-- Whom a notice stands in for: the people who were out of office when it was written, and had named its recipient.
ALTER TABLE "notices" ADD COLUMN "in_place_of" TEXT[] DEFAULT ARRAY[]::TEXT[];

GRANT INSERT ("in_place_of") ON "notices" TO postern_app;
