"""What a provider calls our messages stands in their deliveries only: a message that was sent is not written again.

The view `messages` puts the ids where they were before; `message_bodies` is what it was, without them. `sent_names`
gives the ids of requests as JSON, and their places: deliveries, requests and ids in their order.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SQLITE = (
    "DROP VIEW messages",
    """CREATE VIEW message_bodies AS
    SELECT m.id, m.conversation_id, m.route_id, m.position,
        coalesce(m.body, CAST(CAST(e.body AS TEXT) -> '$.data.message' AS BLOB)) AS body
    FROM message_heads m LEFT JOIN events e ON e.position = m.position""",
    """CREATE VIEW sent_names AS
    SELECT d.message_id, printf('%s.%06d.%06d', d.id, p.key, n.key) AS place, json_quote(n.value) AS name
    FROM deliveries d, json_each(CAST(d.body AS TEXT), '$.payloads') p, json_each(p.value, '$.external_ids') n
    WHERE d.kind = 'message'""",
    """CREATE VIEW messages AS
    SELECT b.id, b.conversation_id, b.route_id, b.position,
        CASE WHEN EXISTS (SELECT 1 FROM sent_names s WHERE s.message_id = b.id)
        THEN CAST(json_set(CAST(b.body AS TEXT), '$.external_ids', json((
            SELECT '[' || group_concat(name, ',') || ']' FROM (
                SELECT name FROM (
                    SELECT printf('.%06d', h.key) AS place, json_quote(h.value) AS name
                    FROM json_each(CAST(b.body AS TEXT), '$.external_ids') h
                    UNION ALL SELECT s.place, s.name FROM sent_names s WHERE s.message_id = b.id
                ) GROUP BY name ORDER BY min(place)
            )
        ))) AS BLOB)
        ELSE b.body END AS body
    FROM message_bodies b""",
)
POSTGRESQL = r"""
DROP VIEW messages;
CREATE VIEW message_bodies AS
    SELECT m.id, m.conversation_id, m.route_id, p.position,
        coalesce(m.body, convert_to((convert_from(e.body, 'UTF8')::json #> '{data,message}')::text, 'UTF8')) AS body,
        m.key
    FROM message_heads m LEFT JOIN event_rows e ON e.key = m.key LEFT JOIN positions p ON p.key = m.key;
CREATE VIEW sent_names AS
    SELECT d.message_id,
        concat_ws('.', d.id, lpad(p.n::text, 6, '0'), lpad(n.n::text, 6, '0')) COLLATE "C" AS place,
        n.value::text COLLATE "C" AS name
    FROM deliveries d
    CROSS JOIN json_array_elements(convert_from(d.body, 'UTF8')::json -> 'payloads') WITH ORDINALITY AS p (value, n)
    CROSS JOIN json_array_elements(p.value -> 'external_ids') WITH ORDINALITY AS n (value, n)
    WHERE d.kind = 'message';
CREATE VIEW messages AS
    SELECT b.id, b.conversation_id, b.route_id, b.position,
        CASE WHEN EXISTS (SELECT 1 FROM sent_names s WHERE s.message_id = b.id)
        THEN (
            SELECT convert_to(json_object_agg(f.key, CASE f.key WHEN 'external_ids' THEN (
                SELECT json_agg(each.name::json ORDER BY each.place) FROM (
                    SELECT all_of.name, min(all_of.place) AS place FROM (
                        SELECT '.' || lpad(h.n::text, 6, '0') COLLATE "C" AS place, h.value::text COLLATE "C" AS name
                        FROM json_array_elements(f.value) WITH ORDINALITY AS h (value, n)
                        UNION ALL SELECT s.place, s.name FROM sent_names s WHERE s.message_id = b.id
                    ) AS all_of GROUP BY all_of.name
                ) AS each
            ) ELSE f.value END ORDER BY f.n)::text, 'UTF8')
            FROM json_each(convert_from(b.body, 'UTF8')::json) WITH ORDINALITY AS f (key, value, n)
        )
        ELSE b.body END AS body,
        b.key
    FROM message_bodies b;
"""
"""`json` keeps the order of keys and the digits of numbers, which `jsonb` does not."""


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in SQLITE:
            connection.exec_driver_sql(statement)
        return
    cursor = connection.connection.cursor()
    cursor.execute(POSTGRESQL)
    cursor.close()
