WITH oldest AS MATERIALIZED (
    SELECT id FROM secondo_outbox ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM secondo_outbox WHERE id IN (SELECT id FROM oldest) RETURNING *
)
SELECT * FROM taken ORDER BY id
