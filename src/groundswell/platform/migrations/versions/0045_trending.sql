-- Where votes came from, as the log has it; what was counted by it begins with them. Scenes are written anew, with
-- their counters by country, when their titles are gathered.
UPDATE heat_votes v SET territory = e.territory FROM events e
WHERE e.at = v.at AND e.id = v.event_id AND e.territory IS NOT NULL;

UPDATE scene_ballots b SET territory = e.territory FROM events e
WHERE e.at = b.at AND e.id = b.event_id AND e.territory IS NOT NULL;

INSERT INTO scene_local_days (scene_id, territory, day, votes, quick_units, middle_units, slow_units)
SELECT b.scene_id, b.territory, b.day, count(*), sum(round(amount * power(2::float8, since_s / 1800) * 1024)::numeric),
    sum(round(amount * power(2::float8, since_s / 21600) * 4294967296)::numeric),
    sum(round(amount * power(2::float8, since_s / 259200) * 4294967296)::numeric)
FROM scene_ballots b
JOIN (VALUES ('clip', 4), ('share', 4), ('play', 2), ('react', 2), ('click', 1), ('continue', 1)) w (kind, weight)
    ON w.kind = b.kind
CROSS JOIN LATERAL (
    SELECT extract(epoch FROM b.at - b.day::timestamp AT TIME ZONE 'UTC')::float8 AS since_s,
        w.weight * b.weight AS amount
) vote
WHERE b.territory IS NOT NULL
GROUP BY b.scene_id, b.territory, b.day;

INSERT INTO stale_titles (title_id) SELECT DISTINCT title_id FROM scenes ON CONFLICT DO NOTHING;
