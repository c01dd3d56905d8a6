-- Enters a document that was written into the indexes by tag and by source.
    if old_tags <> part.tags then
      perform {{schema}}.change_tags(
        p_tenant => p_tenant, p_session => p_session, p_generation => gen, p_place => part.place, p_old => old_tags,
        p_new => part.tags
      );
    end if;
    if part.sources is not null or old_sources is not null then
      perform {{schema}}.change_sources(
        p_tenant => p_tenant, p_session => p_session, p_generation => gen, p_place => part.place, p_old => old_sources,
        p_new => part.sources
      );
      update {{schema}}.documents as d set sources = array(
        select {{schema}}.document_source(n.session, decode(n.place, 'hex'), n.incarnation)
        from json_to_recordset(part.sources) as n (session text, place text, incarnation text)
      )
      where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = part.place
        and part.sources is not null;
    end if;
