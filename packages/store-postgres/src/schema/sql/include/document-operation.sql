-- Answers a known operation with what is recorded of it.
  if p_operation is not null and r_status is null then
    -- Two calls of one operation over an owner wait for each other here, with no other lock in hand.
    if p_session = '' then
      perform pg_advisory_xact_lock(hashtextextended(concat_ws(' ', p_tenant, p_owner, p_operation), 0));
    end if;
    select o.record, o.generation into done from {{schema}}.document_operations as o
    where o.tenant = p_tenant and o.session = p_session and o.owner = owner_place
      and o.key = sha256(convert_to(p_operation, 'UTF8'))
    order by o.generation desc;
    if found and done.generation = gen then
      r_status := 'known';
      r_record := done.record;
    elsif found and (done.generation = slot.generation or exists (
      select from {{schema}}.endings as e
      where e.tenant = p_tenant and e.session = p_session and e.generation = done.generation
        and e.ended_at > {{nowMs}} - {{operationMemoryMs}}
    )) then
      r_status := 'ended';
    end if;
  end if;
