-- The tables of secondo-postgres, version 1. The library runs this file, or an operator does with
--     psql --single-transaction --set ON_ERROR_STOP=1 --file 0001_entries.sql
-- in the schema that comes first on the search_path.

-- The migrations that have been run.
CREATE TABLE secondo_schema (
    version integer PRIMARY KEY
);

-- One row for each account.
CREATE TABLE secondo_entry (
    -- Compared byte by byte, whatever the collation of the database.
    id text COLLATE "C" PRIMARY KEY,
    -- 64 random bits, new with each write.
    revision bigint NOT NULL,
    -- At most 4,096 bytes, which fit into a page.
    value bytea NOT NULL,
    -- Seconds since 1970. From then on, the row may be deleted.
    expiry bigint
) WITH (
    -- Leaves room in each page for the next versions of its rows, so that a write does not change the index.
    fillfactor = 80
);

-- Sealed values cannot be compressed, and a value in its row is read and written with it. PostgreSQL would otherwise
-- store values of more than about 2,000 bytes in another table.
ALTER TABLE secondo_entry ALTER COLUMN value SET STORAGE PLAIN;

-- Finds expired rows for the purge. The index is empty if no row has an expiry.
CREATE INDEX secondo_entry_expiry ON secondo_entry (expiry) WHERE expiry IS NOT NULL;

INSERT INTO secondo_schema (version) VALUES (1);
