-- The tables of secondo-postgres, version 1. Run by the library, or with
--     psql --single-transaction --set ON_ERROR_STOP=1 --file 0001_entries.sql
-- in the schema that comes first on the search_path.

-- The migrations that have been run.
CREATE TABLE secondo_schema (
    version integer PRIMARY KEY
);

-- One row for each authenticator.
CREATE TABLE secondo_entry (
    -- Compared by its bytes, whatever the collation of the database.
    id text COLLATE "C" PRIMARY KEY,
    -- 64 random bits, new with each write.
    revision bigint NOT NULL,
    -- At most 1,024 bytes, so that a row is never compressed or stored out of line.
    value bytea NOT NULL,
    -- Seconds since 1970; from then on the row may be deleted.
    expiry bigint
) WITH (
    -- Room in each page for the next versions of its rows: a write then leaves the index alone.
    fillfactor = 80
);

-- For the purge. It is empty where nothing expires.
CREATE INDEX secondo_entry_expiry ON secondo_entry (expiry) WHERE expiry IS NOT NULL;

INSERT INTO secondo_schema (version) VALUES (1);
