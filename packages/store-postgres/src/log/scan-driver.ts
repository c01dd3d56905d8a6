import type { ScannedEvent, StoredEvent } from "@relevo/core";
import type { ScanDriver } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { exactNumber } from "../database/exact-number.ts";
import { lookBudget, pageBytes } from "../schema/bounds.ts";
import { asJson, asText } from "../schema/sql-text.ts";
import { isLive, parseStored, parseText } from "./head.ts";
import { storedEvent } from "./read.ts";

interface ScanRow {
  readonly recorded_at: string;
  readonly session: string;
  readonly seq: string;
  /** Absent for the place where the call stopped looking. */
  readonly incarnation: string | null;
  readonly content: string | null;
  readonly within: boolean;
}

/** Events of all sessions, by an index in just this order; those of ended sessions are left out as they come. */
export function createScanDriver({ database }: StoreContext): ScanDriver {
  return {
    async scan({ tenant, types, agent, since, until, limit, after, signal }) {
      const values: unknown[] = [tenant, limit, since, until];
      const add = (value: unknown): string => `$${values.push(value)}`;
      let shape = "";
      let from = "";
      if (after !== undefined) {
        shape += "c";
        const place = [
          `${add(after.recordedAt)}::bigint`,
          `${add(after.session)}::text`,
          `${add(after.seq)}::bigint`,
        ];
        from = ` and (e.recorded_at, e.session, e.seq) > (${place.join(", ")})`;
      }
      const filters = [isLive("s")];
      if (types !== undefined) {
        shape += "t";
        filters.push(`e.type = any(${add([...types])}::text[])`);
      }
      if (agent !== undefined) {
        shape += "a";
        filters.push(`e.agent = ${add(agent)}`);
      }
      const { schema } = database;
      const budget = `$2::bigint + ${lookBudget}`;
      const events = `select e.* from ${schema}.events as e
        where e.tenant = scope.tenant and e.retracted_by is null
          and e.recorded_at >= $3::bigint and e.recorded_at < $4::bigint${from}
        order by e.recorded_at, e.session, e.seq`;
      const text = `with scope as materialized (select set_config('relevo.tenant', $1, true) as tenant),
    found as materialized (
      select e.* from scope cross join lateral (
        select e.recorded_at, e.session, e.seq, s.incarnation, e.content, e.bytes
        from (${events} limit ${budget}) as e
        join ${schema}.sessions as s
          on s.tenant = e.tenant and s.session = e.session and s.generation = e.generation
        where ${filters.join(" and ")}
        order by e.recorded_at, e.session, e.seq limit $2::bigint + 1
      ) as e
    )
    select ${asText("f.recorded_at")} as recorded_at, ${asJson("f.session")} as session, ${asText("f.seq")} as seq,
      ${asJson("f.incarnation")} as incarnation,
      f.content, row_number() over page = 1 or sum(f.bytes) over page <= ${pageBytes} as within,
      row_number() over page as place
    from found as f window page as (order by f.recorded_at, f.session, f.seq)
    union all
    select ${asText("e.recorded_at")}, ${asJson("e.session")}, ${asText("e.seq")}, null, null, true, $2::bigint + 2
    from scope cross join lateral (${events} offset ${budget} - 1 limit 1) as e
    where (select count(*) from found) <= $2::bigint
    order by place`;
      const rows = await database.call<ScanRow>(
        { name: `scan_${shape}`, text, values },
        { effect: "read", signal },
      );
      const found = rows.filter((row) => row.content !== null && row.within);
      const items = found.slice(0, limit).map(scannedEvent);
      const all = rows.filter((row) => row.content !== null).length;
      // Cut by number or by bytes: the next page starts after what is returned. Else after what was looked at.
      const last = all > items.length ? found[items.length - 1] : rows.find((row) => row.content === null);
      const next = last && {
        recordedAt: exactNumber(last.recorded_at),
        session: parseText(last.session),
        seq: exactNumber(last.seq),
      };
      return { ok: { items, next } };
    },
  };
}

function scannedEvent({ session, incarnation, content, seq, recorded_at }: ScanRow): ScannedEvent {
  const event = storedEvent(
    parseStored(content ?? "") as StoredEvent,
    exactNumber(seq),
    exactNumber(recorded_at),
    null,
  );
  return { session: parseText(session), incarnation: parseText(incarnation ?? '""'), event };
}
