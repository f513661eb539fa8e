-- Version 7: identities that are signed in with a password of their own.

-- Argon2id in PHC's form. It opens no key: those are sealed under the home's password.
CREATE TABLE identity_password (
    address BLOB PRIMARY KEY REFERENCES identity (address),
    hash TEXT NOT NULL
) STRICT;
