import {
  type EventInput,
  MemoryError,
  type SessionAddress,
  type SessionHead,
  type StoredEvent,
  type Tombstone,
} from "@relevo/core";
import { conflict, normalizeRanges, refuse } from "@relevo/core/input";
import {
  type AdmittedTransferBatch,
  compareCopies,
  mergeRemovals,
  retractedRanges,
} from "@relevo/core/store";
import { type Kysely, sql } from "kysely";
import type { StoreContext } from "../context.ts";
import { exactNumber, exactOrNull } from "../database/exact-number.ts";
import { asJson, asTexts, nowMs } from "../schema/sql-text.ts";
import { EventColumns, multirange } from "./append.ts";
import { type HeadRow, headColumns, headOf, isLive, parseStored, parseText } from "./head.ts";
import { storedEvent } from "./read.ts";
import { decodeRemoved, encodeRemoved } from "./removed-codec.ts";

/** The slot as an import sees it. */
interface Slot {
  readonly incarnation: string;
  readonly generation: number;
  readonly version: number;
  readonly first_seq: number;
  readonly revision: number;
  readonly removed: string;
  readonly sealed: boolean;
}

interface SlotRow {
  /** As JSON; null without a session. The numbers as `asText` gives them. */
  readonly incarnation: string | null;
  readonly generation: string;
  readonly version: string;
  readonly first_seq: string;
  readonly revision: string;
  readonly removed: string;
  readonly sealed: boolean;
}

const slotColumns = `${asJson("s.incarnation")} as incarnation, s.sealed, s.removed,
        ${asTexts("s", ["generation", "version", "first_seq", "revision"])}`;

function slotOf(row: SlotRow | undefined): Slot | undefined {
  if (row === undefined || row.incarnation === null) return undefined;
  return {
    incarnation: parseText(row.incarnation),
    generation: exactNumber(row.generation),
    version: exactNumber(row.version),
    first_seq: exactNumber(row.first_seq),
    revision: exactNumber(row.revision),
    removed: row.removed,
    sealed: row.sealed,
  };
}

type Step = AdmittedTransferBatch["events"][number];

/**
 * Takes a batch in one transaction, under the slot's lock. What is here already must be the same and is left alone,
 * except that an erasure wins on either side: content that one copy has lost for good must not come back through the
 * other.
 */
export async function importBatch(
  { database, lockTimeoutMs }: StoreContext,
  address: SessionAddress,
  batch: AdmittedTransferBatch,
  signal: AbortSignal | undefined,
): Promise<SessionHead> {
  return await database.transaction(
    address.tenant,
    async (queries) => {
      const transfer = new Import(queries, database.schema, address, lockTimeoutMs);
      return await transfer.take(batch);
    },
    { effect: "repeatable", signal },
  );
}

class Import {
  readonly #queries: Kysely<unknown>;
  readonly #schema: string;
  readonly #address: SessionAddress;
  readonly #lockTimeoutMs: string;

  constructor(queries: Kysely<unknown>, schema: string, address: SessionAddress, lockTimeoutMs: string) {
    this.#queries = queries;
    this.#schema = schema;
    this.#address = address;
    this.#lockTimeoutMs = lockTimeoutMs;
  }

  async take(batch: AdmittedTransferBatch): Promise<SessionHead> {
    const { head } = batch;
    const found = await this.#lock();
    if (found !== undefined && found.incarnation !== head.incarnation) {
      throw conflict("incarnation", { incarnation: found.incarnation });
    }
    const version = found?.version ?? head.firstSeq - 1;
    const erased = found === undefined ? [] : await this.#compareEvents(found, batch);
    const events = batch.events.filter(({ event }) => event.seq > version);
    const operations =
      found === undefined ? batch.operations : await this.#newOperations(found, batch.operations);
    requireNoGap(batch, version, events[0]?.event);
    const adds = events.length > 0 || operations.length > 0;
    if (adds && found !== undefined && !found.sealed) throw conflict("import", { sealed: false, version });

    const slot = found ?? (await this.#start(batch));
    await this.#insertEvents(slot, events);
    await this.#insertOperations(slot, operations);
    if (adds || found === undefined) {
      await this.#adoptHead(batch, found, events);
      await this.#adoptRemovals(batch, slot);
    }
    const retracted: string[] = [];
    for (const { event } of events) retracted.push(...(await this.#retract(slot, event)));
    const blanked = erased.length > 0;
    if (found !== undefined && (adds || blanked)) {
      const revision = Math.max(found.revision + 1, head.revision);
      // The erasure adds the last one itself, and is remembered under what it comes to.
      await this.#update(sql`revision = ${blanked ? revision - 1 : revision}::bigint`);
      await this.#noteRemovals(revision, retracted);
    }
    if (blanked) await this.#erase(erased);
    return await this.#head();
  }

  async #lock(): Promise<Slot | undefined> {
    const { tenant, session } = this.#address;
    const { rows } = await sql<SlotRow>`
      select ${sql.raw(slotColumns)}
      from ${sql.raw(this.#schema)}.lock_session(p_tenant => ${tenant}, p_session => ${session}) as s`.execute(
      this.#queries,
    );
    return slotOf(rows[0]);
  }

  /** @returns the events that are to be erased, because theirs is. */
  async #compareEvents(slot: Slot, batch: AdmittedTransferBatch): Promise<readonly number[]> {
    const first = Math.max(slot.first_seq, batch.events[0]?.event.seq ?? 0);
    const last = Math.min(slot.version, batch.events.at(-1)?.event.seq ?? 0);
    if (first > last) return [];
    const { tenant, session } = this.#address;
    const { rows } = await sql<{
      readonly seq: string;
      readonly recorded_at: string;
      readonly retracted_by: string | null;
      readonly content: string;
    }>`
      select ${sql.raw(asTexts("e", ["seq", "recorded_at", "retracted_by"]))}, e.content
      from ${sql.raw(this.#schema)}.events as e
      where e.tenant = ${tenant} and e.session = ${session} and e.generation = ${slot.generation}::bigint
        and e.seq >= ${first}::bigint and e.seq <= ${last}::bigint`.execute(this.#queries);
    const ours = new Map(
      rows.map((row) => {
        const seq = exactNumber(row.seq);
        const content = parseStored(row.content) as StoredEvent;
        return [seq, storedEvent(content, seq, exactNumber(row.recorded_at), exactOrNull(row.retracted_by))];
      }),
    );
    const erased: number[] = [];
    for (const { event } of batch.events) {
      const mine = ours.get(event.seq);
      if (mine === undefined) continue;
      const compared = compareCopies(mine, event);
      if (compared === "other") throw conflict("import", { seq: event.seq });
      if (compared === "erased") erased.push(event.seq);
    }
    return erased;
  }

  /** Those that are not here yet. @throws `conflict` for one that is here for another request. */
  async #newOperations(
    slot: Slot,
    operations: AdmittedTransferBatch["operations"],
  ): Promise<AdmittedTransferBatch["operations"]> {
    if (operations.length === 0) return [];
    const { tenant, session } = this.#address;
    const ids = operations.map(({ id }) => id);
    const table = sql.raw(`${this.#schema}.operations`);
    const { rows } = await sql<{ readonly id: string; readonly fingerprint: string }>`
      with asked as (select sha256(convert_to(id, 'UTF8')) as key from unnest(${ids}::text[]) as a (id))
      select ${sql.raw(asJson("o.id"))} as id, ${sql.raw(asJson("o.fingerprint"))} as fingerprint
      from ${table} as o join asked as a on a.key = o.key
      where o.tenant = ${tenant} and o.session = ${session} and o.generation = ${slot.generation}`.execute(
      this.#queries,
    );
    const known = new Map(rows.map(({ id, fingerprint }) => [parseText(id), parseText(fingerprint)]));
    return operations.filter(({ id, fingerprint }) => {
      const ours = known.get(id);
      if (ours !== undefined && ours !== fingerprint) throw conflict("import", { operation: id });
      return ours === undefined;
    });
  }

  async #start({ head }: AdmittedTransferBatch): Promise<Slot> {
    const { tenant, session } = this.#address;
    const { rows } = await sql<SlotRow>`
      select ${sql.raw(slotColumns)}
      from ${sql.raw(this.#schema)}.start_session(
        p_tenant => ${tenant}, p_session => ${session}, p_incarnation => ${head.incarnation},
        p_subject => ${head.subject ?? null}, p_metadata => ${JSON.stringify(head.metadata)}, p_ttl_ms => null
      ) as s`.execute(this.#queries);
    const slot = slotOf(rows[0]);
    if (slot === undefined) throw new MemoryError("corrupt", "The schema's start_session returned nothing.");
    return slot;
  }

  async #insertEvents(slot: Slot, events: readonly Step[]): Promise<void> {
    const first = events[0]?.event.seq;
    if (first === undefined) return;
    const { tenant, session } = this.#address;
    const columns = new EventColumns(events.length);
    events.forEach(({ event, bytes }, index) => {
      const { seq: _seq, recordedAt: _at, retractedBy: _by, ...appended } = event;
      columns.set(index, { event: appended as EventInput | Tombstone, bytes });
    });
    const [types, agents, roles, statuses, durations, ats, pinned, sizes, derived, contents] =
      columns.values();
    await sql`
      insert into ${sql.raw(this.#schema)}.events (
        tenant, session, generation, seq, type, agent, role, status, duration_ms, at, recorded_at, pinned, retracted_by,
        erased_at, bytes, derived_from, content
      )
      select ${tenant}, ${session}, ${slot.generation}::bigint, ${first - 1}::bigint + e.n, e.type, e.agent, e.role,
        e.status, e.duration, e.at, e.recorded, e.pinned, e.retracted, e.erased, e.size, e.derived::int8multirange,
        e.content
      from unnest(
        ${types}::text[], ${agents}::text[], ${roles}::text[], ${statuses}::text[], ${durations}::double precision[],
        ${ats}::bigint[], ${pinned}::boolean[], ${sizes}::bigint[], ${derived}::text[], ${contents}::text[],
        ${events.map(({ event }) => event.recordedAt)}::bigint[],
        ${events.map(({ event }) => event.retractedBy ?? null)}::bigint[],
        ${events.map(({ event }) => event.erasedAt ?? null)}::bigint[]
      ) with ordinality as e (
        type, agent, role, status, duration, at, pinned, size, derived, content, recorded, retracted, erased, n
      )`.execute(this.#queries);
  }

  async #insertOperations(slot: Slot, operations: AdmittedTransferBatch["operations"]): Promise<void> {
    if (operations.length === 0) return;
    const { tenant, session } = this.#address;
    await sql`
      insert into ${sql.raw(this.#schema)}.operations
        (tenant, session, key, id, generation, fingerprint, first_seq, version, revision)
      select ${tenant}, ${session}, sha256(convert_to(o.id, 'UTF8')), o.id, ${slot.generation}::bigint, o.fingerprint,
        o.first_seq, o.version, o.revision
      from unnest(
        ${operations.map(({ id }) => id)}::text[], ${operations.map(({ fingerprint }) => fingerprint)}::text[],
        ${operations.map(({ result }) => result.firstSeq)}::bigint[],
        ${operations.map(({ result }) => result.version)}::bigint[],
        ${operations.map(({ result }) => result.revision)}::bigint[]
      ) as o (id, fingerprint, first_seq, version, revision)`.execute(this.#queries);
  }

  /** What the source knows of the session; but its idle time begins now, or an old archive could not be restored. */
  async #adoptHead(
    { head, ttlMs }: AdmittedTransferBatch,
    found: Slot | undefined,
    events: readonly Step[],
  ): Promise<void> {
    const bytes = events.reduce((sum, one) => sum + one.bytes, 0);
    const version = events.at(-1)?.event.seq ?? found?.version ?? head.firstSeq - 1;
    const now = sql.raw(nowMs);
    const ttl = sql`${ttlMs ?? null}::bigint`;
    await this.#update(sql`
      version = ${version}::bigint, first_seq = ${found?.first_seq ?? head.firstSeq}::bigint,
      events = events + ${events.length}::bigint, bytes = bytes + ${bytes}::bigint,
      created_at = ${head.createdAt}::bigint, updated_at = ${head.updatedAt}::bigint,
      metadata = ${JSON.stringify(head.metadata)}, ttl_ms = ${ttl}, expires_at = ${now} + ${ttl},
      expiry_due = ${now} + ${ttl}`);
    if (head.subject !== undefined) {
      await this.#update(
        sql`subject = ${head.subject}::text, subject_key = sha256(convert_to(${head.subject}::text, 'UTF8'))`,
      );
    }
    if (found === undefined) await this.#update(sql`sealed = true, revision = ${head.revision}::bigint`);
  }

  /** What was removed from the source counts as removed from the copy. */
  async #adoptRemovals({ head, removed }: AdmittedTransferBatch, slot: Slot): Promise<void> {
    const all = encodeRemoved(mergeRemovals(decodeRemoved(slot.removed), removed));
    await this.#update(sql`
      removal_revision = greatest(removal_revision, ${head.removalRevision}::bigint), removed = ${all}`);
  }

  /** A retraction that comes with the batch takes effect on what came before it. Returns what it took, as multiranges. */
  async #retract(slot: Slot, event: StoredEvent): Promise<readonly string[]> {
    if (event.erasedAt !== undefined || event.type !== "retraction") return [];
    const { tenant, session } = this.#address;
    const ranges = multirange(retractedRanges(event));
    const { rows } = await sql<{ readonly gone: string }>`select ${sql.raw(this.#schema)}.retract(
      p_tenant => ${tenant}, p_session => ${session}, p_generation => ${slot.generation}::bigint,
      p_by => ${event.seq}::bigint, p_ranges => ${ranges}::int8multirange
    )::text as gone`.execute(this.#queries);
    return rows.map(({ gone }) => gone).filter((gone) => gone !== "{}");
  }

  /**
   * Under the copy's own revision: its removal revision may be beyond the one that the source had for a retraction,
   * and a writer who read the copy has not seen it.
   */
  async #noteRemovals(revision: number, retracted: readonly string[]): Promise<void> {
    if (retracted.length === 0) return;
    await this.#update(sql`removal_revision = ${revision}::bigint, removed = ${sql.raw(this.#schema)}.add_removal(
      removed, ${revision}::bigint,
      (select range_agg(g.ranges::int8multirange) from unnest(${retracted}::text[]) as g (ranges))
    )`);
  }

  async #erase(seqs: readonly number[]): Promise<void> {
    const { tenant, session } = this.#address;
    const ranges = multirange(normalizeRanges(seqs.map((seq) => ({ from: seq, to: seq }))));
    await sql`select r_status from ${sql.raw(this.#schema)}.erase_events(
      p_tenant => ${tenant}, p_session => ${session}, p_lock_ms => ${this.#lockTimeoutMs}, p_incarnation => null,
      p_ranges => ${ranges}
    )`.execute(this.#queries);
  }

  async #update(changes: ReturnType<typeof sql>): Promise<void> {
    const { tenant, session } = this.#address;
    await sql`update ${sql.raw(this.#schema)}.sessions set ${changes}
      where tenant = ${tenant} and session = ${session}`.execute(this.#queries);
  }

  async #head(): Promise<SessionHead> {
    const { tenant, session } = this.#address;
    const { rows } =
      await sql<HeadRow>`select ${sql.raw(headColumns("s"))} from ${sql.raw(this.#schema)}.sessions as s
      where s.tenant = ${tenant} and s.session = ${session} and ${sql.raw(isLive("s"))}`.execute(
        this.#queries,
      );
    if (rows[0] === undefined) {
      throw new MemoryError("conflict", "The session expired while it was imported. Import it again.");
    }
    return headOf(rows[0]);
  }
}

function requireNoGap(batch: AdmittedTransferBatch, version: number, first: StoredEvent | undefined): void {
  const start = batch.events[0]?.event.seq;
  if (first !== undefined && first.seq !== version + 1) {
    throw refuse("batch.events", `would leave a gap: the log ends at ${version}.`, { version });
  }
  if (start !== undefined && start < batch.head.firstSeq) {
    throw refuse("batch.events", "begins before the first seq of its head.");
  }
}
