import type { DocumentScope } from "@relevo/core";
import type { AdmittedFind } from "@relevo/core/store";
import { sql } from "kysely";
import type { PlaceRange } from "./place.ts";
import { type DocumentRow, documentColumns } from "./rows.ts";
import { type Fragment, inUnit, scopeSql } from "./scope.ts";
import { whereSql } from "./where-sql.ts";

/** How many documents one call looks at beyond those it returns, when filters leave most of them out. */
export const lookBudget = 4000;
/** Up to this many recently written documents of a tenant are sorted for a page; beyond, the order is walked. */
export const maxRecent = 2000;

/** A call returns less than was asked for rather than more than this many bytes of documents. */
const pageBytes = 32 * 1024 * 1024;

/** Which index leads to the documents that a find looks at. The conditions of the others are checked on each. */
export type Driver =
  /** All of a range, in order. */
  | { readonly kind: "place" }
  /** Those with one of these tags, in order. */
  | { readonly kind: "tags"; readonly tags: readonly string[] }
  /** All that were written since then, sorted; none but `incomplete` when they are too many for that. */
  | { readonly kind: "time" };

/** One row for each document, or a single one without any. */
export interface FindRow extends DocumentRow {
  readonly place: string | null;
  /** Where the next page goes on when this one looked at all it may. */
  readonly edge: string | null;
  readonly incomplete: boolean;
  /** How many there were before the page was cut by bytes. */
  readonly found: number;
}

/**
 * One page of a find, and one document more, which says that there is another page. What an index leads to is cut off
 * by number before it is filtered, so that the work of a call is bounded whatever the filters leave out; only when
 * they leave less than a page is the place of the cut looked up.
 */
export function findQuery(
  schema: string,
  request: AdmittedFind,
  range: PlaceRange,
  driver: Driver,
): Fragment {
  const { scope, limit, updatedSince, direction } = request;
  const documents = sql.raw(`${schema}.documents`);
  const order = direction === "forward" ? sql`asc` : sql`desc`;
  const budget = limit + lookBudget;
  const first = sql`limit ${budget}::bigint`;
  const places = (cut: Fragment): Fragment => placesSql(schema, driver, range, order, budget, cut);
  // In the order of `rank`, as the planner knows: by any other name for it all candidates would be sorted again.
  const candidates =
    driver.kind === "place"
      ? sql`select d.*, d.place as rank from ${documents} as d where ${inUnit("d")}${within("d", range)} order by d.place ${order} ${first}`
      : sql`select d.*, p.place as rank from (${places(first)}) as p
        cross join lateral (select d.* from ${documents} as d where ${inUnit("d")} and d.place = p.place offset 0) as d
        order by p.place ${order}`;
  const recent = sql`, recent as materialized (
    select d.place, d.session = unit.session and d.generation = unit.generation as in_unit
    from unit cross join lateral ${sql.raw(schema)}.recent_documents(
      p_tenant => unit.tenant, p_since => ${updatedSince}::bigint, p_limit => ${maxRecent + 1}::bigint
    ) as d
  )`;
  const isTimed = driver.kind === "time";
  const { values, conditions } = filtersSql(request, driver);
  return sql`with ${scopeSql(schema, scope.tenant, scope.session)}${isTimed ? recent : sql``}, page as materialized (
    select c.* from unit cross join lateral (
      select encode(c.place, 'hex') collate "C" as place, ${sql.raw(documentColumns("c", "unit"))}
      from (${candidates}) as c${values}
      where (c.expires_at is null or c.expires_at > unit.now)${conditions}
      order by c.rank ${order} limit ${limit + 1}::bigint
    ) as c
  )
  select sized.*, e.edge, e.incomplete, e.found from (
    select case when (select count(*) from page) <= ${limit}::bigint then (
        select encode(p.place, 'hex') from unit
        cross join lateral (${places(sql`offset ${budget - 1}::bigint limit 1`)}) as p
      ) end as edge,
      ${isTimed ? sql`(select count(*) from recent) > ${maxRecent}::bigint` : sql`false`} as incomplete,
      (select count(*) from page)::integer as found
  ) as e left join (
    select page.*, row_number() over sizes = 1
      or sum(octet_length(page.value) + octet_length(page.metadata)) over sizes <= ${sql.lit(pageBytes)} as within
    from page window sizes as (order by page.place ${order})
  ) as sized on sized.within order by sized.place ${order}`;
}

/** The places that an index leads to, in order, cut off. */
function placesSql(
  schema: string,
  driver: Driver,
  range: PlaceRange,
  order: Fragment,
  budget: number,
  cut: Fragment,
): Fragment {
  if (driver.kind === "place") {
    return sql`select d.place from ${sql.raw(schema)}.documents as d where ${inUnit("d")}${within("d", range)}
        order by d.place ${order} ${cut}`;
  }
  if (driver.kind === "time") {
    return sql`select r.place from recent as r
        where r.in_unit and (select count(*) from recent) <= ${maxRecent}::bigint${within("r", range)} order by r.place ${order} ${cut}`;
  }
  const tagged = (tag: string, end: Fragment): Fragment => sql`
        select t.place from ${sql.raw(schema)}.document_tags as t
        where ${inUnit("t")} and t.tag = ${sql.raw(schema)}.document_tag(${tag}::text)${within("t", range)}
        order by t.place ${order} ${end}`;
  const [only = ""] = driver.tags;
  if (driver.tags.length === 1) return tagged(only, cut);
  // The first so many of all of them are among the first so many of each. One branch for each tag: row-level security
  // keeps `document_tag` of a column away from the index, and the planner would take them for a hundred.
  const branches = driver.tags.map((tag) => sql`(${tagged(tag, sql`limit ${budget}::bigint`)})`);
  return sql`select distinct t.place from (${sql.join(branches, sql` union all `)}) as t order by t.place ${order} ${cut}`;
}

/** How many there are in a range, by its index. */
export function countQuery(schema: string, { tenant, session }: DocumentScope, range: PlaceRange): Fragment {
  return sql`with ${scopeSql(schema, tenant, session)}
  select count(*)::text as of from unit cross join lateral (
    select from ${sql.raw(schema)}.documents as d where ${inUnit("d")}${within("d", range)}
      and (d.expires_at is null or d.expires_at > unit.now)
  ) as d`;
}

function within(alias: string, { low, high }: PlaceRange): Fragment {
  const place = sql.ref(`${alias}.place`);
  const until = high === undefined ? sql`` : sql` and ${place} < decode(${high}::text, 'hex')`;
  return sql` and ${place} >= decode(${low}::text, 'hex')${until}`;
}

/** What the driver does not see to. */
function filtersSql(
  request: AdmittedFind,
  driver: Driver,
): { readonly values: Fragment; readonly conditions: Fragment } {
  const { allTags, anyTags, text, updatedSince, where, keyAfter, keyBefore } = request;
  const conditions: Fragment[] = [];
  if (keyAfter !== undefined) conditions.push(sql`c.key > ${keyAfter}::text`);
  if (keyBefore !== undefined) conditions.push(sql`c.key < ${keyBefore}::text`);
  const drivesAny = driver.kind === "tags" && driver.tags === anyTags;
  const drivesAll = driver.kind === "tags" && !drivesAny && allTags.length === 1;
  if (allTags.length > 0 && !drivesAll) conditions.push(sql`c.tags @> ${tagArray(allTags)}`);
  if (anyTags.length > 0 && !drivesAny) conditions.push(sql`c.tags && ${tagArray(anyTags)}`);
  if (updatedSince !== Number.MIN_SAFE_INTEGER && driver.kind !== "time") {
    conditions.push(sql`c.updated_at >= ${updatedSince}::bigint`);
  }
  if (text !== undefined) conditions.push(sql`position(${text}::text in c.searchable) > 0`);
  let values = sql``;
  if (where !== undefined) {
    const { values: found, condition } = whereSql(where, sql`s.subject`);
    values = sql`
      cross join lateral (
        select coalesce(
          c.filterable, jsonb_build_object('value', c.value::jsonb, 'metadata', c.metadata::jsonb)
        ) as subject offset 0
      ) as s cross join lateral (select ${found} offset 0) as found`;
    conditions.push(condition);
  }
  return {
    values,
    conditions: sql`${sql.join(
      conditions.map((one) => sql` and ${one}`),
      sql``,
    )}`,
  };
}

function tagArray(tags: readonly string[]): Fragment {
  return sql`array(select json_array_elements_text(${JSON.stringify(tags)}::text::json)) collate "C"`;
}

/**
 * How many documents have each of these tags, counted up to a bound: which of several leads to fewer.
 */
export function tagCountsQuery(
  schema: string,
  request: AdmittedFind,
  range: PlaceRange,
  tags: readonly string[],
): Fragment {
  const { scope } = request;
  const counts = tags.map(
    (tag, index) => sql`select ${index}::integer as n, count(*) as of from (
      select from unit cross join lateral (
        select from ${sql.raw(schema)}.document_tags as t
        where ${inUnit("t")} and t.tag = ${sql.raw(schema)}.document_tag(${tag}::text)${within("t", range)}
        order by t.place limit ${lookBudget}::bigint
      ) as t
    ) as t`,
  );
  return sql`with ${scopeSql(schema, scope.tenant, scope.session)}
  select counts.of::text as of from (${sql.join(counts, sql` union all `)}) as counts order by counts.n`;
}
