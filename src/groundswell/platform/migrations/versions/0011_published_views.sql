CREATE OR REPLACE VIEW published_moments AS SELECT id, viewer_id, title_id FROM moments;

CREATE OR REPLACE VIEW published_shares AS SELECT id, viewer_id, moment_id, channel FROM shares;
