-- The manager whom the identity provider last named for a person: a mailbox (lib/core/access/same-person.ts). Signed with the person.
ALTER TABLE "people" ADD COLUMN "manager" TEXT;
