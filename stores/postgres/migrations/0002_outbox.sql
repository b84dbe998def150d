-- The tables of secondo-postgres, version 2. The library runs this file, or an operator does with
--     psql --single-transaction --set ON_ERROR_STOP=1 --file 0002_outbox.sql
-- in the schema that comes first on the search_path, after the files with lower numbers.

-- One row for each event, until the provider deletes it.
CREATE TABLE secondo_outbox (
    -- Rises within a transaction. Rows of other transactions can appear later with lower numbers.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Seconds since 1970.
    time bigint NOT NULL,
    -- Collated like the id of an entry, so that the two can be compared.
    account text COLLATE "C" NOT NULL,
    action text NOT NULL,
    authenticator bigint,
    -- 'done', or the label of the refusal or the error.
    outcome text NOT NULL,
    remaining smallint,
    -- The account's own revision, which rises by one with each change. It is not the revision of the entry.
    revision bigint,
    operator text,
    reason text,
    must_notify boolean NOT NULL
);

INSERT INTO secondo_schema (version) VALUES (2);
