from {{schema}}.events as e
join {{schema}}.sessions as s
  on s.tenant = e.tenant and s.session = e.session and s.generation = e.generation and s.incarnation is not null
  and (s.expires_at is null or s.expires_at > extract(epoch from clock_timestamp()) * 1000)
where e.tenant = nullif(current_setting('relevo.tenant', true), '') and e.erased_at is null
