-- Whether the provider ever confirmed an e-mail address of this person, which tells their account from others. It is part
-- of the row's signature, unlike known_emails, to which anyone who can write here can add an address.
ALTER TABLE "people" ADD COLUMN "ever_verified" BOOLEAN NOT NULL DEFAULT false;
