ALTER TABLE given_sources ADD CONSTRAINT ck_given_sources_form CHECK (((form)::text = ANY ((ARRAY['hls'::character varying, 'dash'::character varying, 'mp4'::character varying])::text[])));

ALTER TABLE given_sources ADD CONSTRAINT ck_given_sources_status CHECK (((status)::text = ANY ((ARRAY['waiting'::character varying, 'used'::character varying, 'spare'::character varying, 'refused'::character varying])::text[])));
