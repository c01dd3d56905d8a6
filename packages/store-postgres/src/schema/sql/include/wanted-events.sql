        select e.seq, e.recorded_at, e.content, e.bytes,
          case when p_at is null or e.retracted_by <= p_at then e.retracted_by end as mark
        from {{schema}}.events as e
        where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
          and e.seq between low and high
          and (not p_exclude or e.retracted_by is null or e.retracted_by > p_at)
          and (p_types is null or e.type = any(p_types))
          and (p_agent is null or e.agent = p_agent)
          and (p_pinned is null or e.pinned = p_pinned)
        order by e.seq {{order}} limit p_limit + 1
