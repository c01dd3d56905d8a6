-- One page in one direction: with one event more than wanted, which says that there is another page and which the caller
-- removes, where the whole session is small and nothing below is asked for; else without it, cut by bytes too, for which windows cost half as much again.
    if slot.bytes <= {{pageBytes}} and not below then
      select string_agg({{schema}}.event_entry(e.seq, e.recorded_at, e.mark, e.content), ',') into entries from (
-- #include wanted-events(order = "{{order}}")
      ) as e;
    else
      select string_agg({{schema}}.event_entry(r.seq, r.recorded_at, r.mark, r.content), ',') filter (where r.kept),
        {{edge}}(r.seq) filter (where r.kept), not bool_and(r.kept)
        into entries, reached, cut
      from (
        select e.seq, e.recorded_at, e.content, e.mark,
          row_number() over page <= p_limit
            and (row_number() over page = 1 or sum(e.bytes) over page <= {{pageBytes}}) as kept
        from (
-- #include wanted-events(order = "{{order}}")
        ) as e window page as (order by e.seq {{order}})
      ) as r;
    end if;
