declare
  slot {{schema}}.sessions;
  gen bigint := 0;
  part record;
  known bytea[];
  old_tags text[];
  now_ms bigint;
  now_us bigint;
