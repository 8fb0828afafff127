-- What a page shows about a person: the name they sign in with, where they have no e-mail address, and why the identity
-- provider's last answer had no groups (lib/core/access/learn-groups.ts holds the same list). Neither decides anything, so
-- neither is signed.
ALTER TABLE "people" ADD COLUMN "username" TEXT, ADD COLUMN "groups_problem" TEXT,
  ADD CONSTRAINT people_groups_problem CHECK (groups_problem IN ('absent', 'overage', 'unusable'));
