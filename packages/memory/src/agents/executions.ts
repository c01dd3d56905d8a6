import { allPages, type ExecutionRecord, type Page, type PageOptions, type StoredEvent } from "@relevo/core";
import { admitId, admitOptions, admitTime, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";

export interface ExecutionFilter {
  /** Only executions of this agent. */
  readonly agent?: string;
  /** Only those of this session; of all of the tenant's sessions when left out. */
  readonly session?: string;
  /** Only those recorded at or after this time, by the store's clock, in milliseconds since the epoch. */
  readonly since?: number;
  /** Only those recorded before this time. */
  readonly until?: number;
}

export interface ExecutionsOptions extends ExecutionFilter, PageOptions {}

export interface ExportExecutionsOptions extends ExecutionFilter, Pick<PageOptions, "signal"> {}

/** An execution record with its place. One that was recorded as `running` and then as `completed` is there twice. */
export interface RecordedExecution extends ExecutionRecord {
  readonly session: string;
  readonly seq: number;
  readonly agent?: string;
  /** By the store's clock, in milliseconds since the epoch. */
  readonly recordedAt: number;
}

const exportFields: FieldTable = fieldTable<ExportExecutionsOptions>({
  signal: "refines",
  agent: "selects",
  session: "selects",
  since: "selects",
  until: "selects",
});
const fields: FieldTable = new Map([...exportFields, ["limit", "refines"], ["cursor", "refines"]]);

/** One page: across sessions in the order of recording, in a session by `seq`. */
export async function listExecutions(
  runtime: Runtime,
  tenant: string,
  given: ExecutionsOptions | undefined,
): Promise<Page<RecordedExecution>> {
  const { session, ...options } = admitOptions(given, fields);
  runtime.requireOpen();
  const { log } = runtime.sessions;
  if (session !== undefined) return pageOfSession(runtime, tenant, session, options);
  const { items, cursor } = await log.scan(tenant, { ...options, types: ["execution"] });
  const found = items.flatMap((item) => recordOf(item.session, item.event));
  return cursor === undefined ? { items: found } : { items: found, cursor };
}

/** The same records as lines of JSON, each ended by a line feed, page by page. */
export function exportExecutions(
  runtime: Runtime,
  tenant: string,
  given: ExportExecutionsOptions | undefined,
): AsyncGenerator<string, void, void> {
  return linesOf(runtime, tenant, admitOptions(given, exportFields));
}

async function* linesOf(
  runtime: Runtime,
  tenant: string,
  options: ExportExecutionsOptions,
): AsyncGenerator<string, void, void> {
  const list = (cursor: { readonly cursor?: string }) =>
    listExecutions(runtime, tenant, { ...options, ...cursor });
  for await (const record of allPages(list)) yield `${JSON.stringify(record)}\n`;
}

async function pageOfSession(
  runtime: Runtime,
  tenant: string,
  session: string,
  { agent, since, until, limit, cursor, signal }: Omit<ExecutionsOptions, "session">,
): Promise<Page<RecordedExecution>> {
  const address = { tenant, session: admitId(session, "session", runtime.limits) };
  const from = admitTime(since, "since") ?? Number.MIN_SAFE_INTEGER;
  const to = admitTime(until, "until") ?? Number.MAX_SAFE_INTEGER;
  if (cursor !== undefined && !/^[1-9]\d{0,15}$/u.test(cursor))
    throw refuse("cursor", "is not one that this list has returned.");
  const { events, next } = await runtime.sessions.log.read(address, {
    types: ["execution"],
    limit,
    ...(agent === undefined ? {} : { agent }),
    ...(cursor === undefined ? {} : { after: Number(cursor) }),
    signal,
  });
  const items = events
    .flatMap((event) => recordOf(session, event))
    .filter(({ recordedAt }) => recordedAt >= from && recordedAt < to);
  return next === undefined ? { items } : { items, cursor: `${next}` };
}

/** Nothing for an erased one. */
function recordOf(session: string, event: StoredEvent): readonly RecordedExecution[] {
  if (event.type !== "execution" || event.erasedAt !== undefined) return [];
  const { seq, recordedAt, agent, body } = event;
  return [{ session, seq, ...(agent === undefined ? {} : { agent }), recordedAt, ...body }];
}
