import { inOrder, nowMs, pinnedPath, quoteBody } from "./sql-text.ts";

/** How many slots one call looks at when filters leave most of them out. */
const lookBudget = 5000;

/** Goes through slots in the order of ids until there are enough sessions, or it has looked at all it may. */
function walk(subject: string): string {
  return `
  for slot in
    select s.* from SCHEMA.sessions as s
    where s.tenant = p_tenant and s.session > p_after and s.session >= p_prefix${subject}
    order by s.session limit p_limit + ${lookBudget}
  loop
    if not slot.session ^@ p_prefix then return; end if;
    r_session := slot;
    looked := looked + 1;
    r_listed := slot.incarnation is not null and (slot.expires_at is null or slot.expires_at > ${nowMs})
      and (p_idle is null or slot.updated_at <= p_idle) and (p_subject is null or slot.subject = p_subject);
    r_edge := looked = p_limit + ${lookBudget};
    if r_listed or r_edge then return next; end if;
    if r_listed then listed := listed + 1; end if;
    if listed > p_limit then return; end if;
  end loop;`;
}

/**
 * Sessions in the order of their ids, at most one more than asked for. `r_edge` marks the slot beyond which the call did
 * not look; it may be no session.
 */
export function listFunction(schema: string): string {
  const body = `
declare
  slot SCHEMA.sessions;
  looked bigint := 0;
  listed bigint := 0;
  wanted bytea := sha256(convert_to(p_subject, 'UTF8'));
begin
  perform set_config('relevo.tenant', p_tenant, true);
  if p_subject is null then${walk("")}
  else${walk("\n      and s.subject_key = wanted and s.subject_key is not null")}
  end if;
end`;
  return `create function ${schema}.list_sessions(
  p_tenant text, p_limit bigint, p_after text, p_prefix text, p_subject text, p_idle bigint
) returns table (r_session ${schema}.sessions, r_listed boolean, r_edge boolean)
language plpgsql stable ${pinnedPath} set plan_cache_mode = force_generic_plan ${inOrder}
as ${quoteBody(body.replaceAll("SCHEMA", () => schema))}`;
}
