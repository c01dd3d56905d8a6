#variable_conflict use_column
declare
  slot {{schema}}.sessions;
  known record;
  op_key bytea;
  now_ms bigint;
  before bigint;
  live boolean;
  removal bigint;
  checked boolean := false;
  created boolean := false;
  -- What is left in the slot.
  head_generation bigint;
  head_version bigint;
  head_revision bigint;
  head_incarnation text;
  found_token text;
