declare
  slot {{schema}}.sessions;
  gen bigint := 0;
  part record;
  known bytea[];
  old_tags text[];
  old_sources bytea[];
  now_ms bigint;
  now_us bigint;
  entry xid8;
