import {
  type CallOptions,
  type ChangedUnit,
  type DocumentAddress,
  type DocumentWrite,
  type JsonValue,
  MemoryError,
} from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import { namespaces } from "../namespaces.ts";
import { listAgents } from "../people/list-people.ts";
import type { Runtime } from "../runtime.ts";
import type { Counters } from "./counters.ts";
import type { StatsPlace } from "./stats-place.ts";
import { keyOf, type UnitCount } from "./unit-count.ts";

const format = 1;

/** How far each change feed was followed, and what was counted by then. */
export interface StatsState {
  readonly format: typeof format;
  /** What units add is kept below this number. A store that has lost history is counted again under the next one. */
  readonly generation: number;
  /** Generations of which something may be left. */
  readonly old: readonly number[];
  readonly cursors: Readonly<Record<string, string>>;
  readonly totals: Counters;
  /** When everything that had been written was counted, by the clock of the memory. */
  readonly asOf?: number | undefined;
}

const firstState: StatsState = { format, generation: 1, old: [], cursors: {}, totals: {} };

/**
 * The statistics of a tenant as they are stored: one document with the totals, and one for each unit, of one owner, so that
 * they are written together. Memories with other arrangements of stores have records of their own.
 */
export class StatsRecord {
  readonly tenant: string;
  readonly #runtime: Runtime;
  readonly #namespace: readonly string[];
  readonly #call: CallOptions;
  #state: StatsState = firstState;
  #version = 0;

  constructor(runtime: Runtime, tenant: string, places: readonly StatsPlace[], call: CallOptions) {
    this.tenant = tenant;
    this.#runtime = runtime;
    const arrangement = places.map(({ name, sessions }) =>
      sessions === undefined ? name : `${name} ${sessions}`,
    );
    this.#namespace = [...namespaces.stats, arrangement.join()];
    this.#call = call;
  }

  get state(): StatsState {
    return this.#state;
  }

  /** How many counts a write takes beside the totals. */
  get unitsInWrite(): number {
    return Math.max(1, this.#runtime.durable.limits.batchItems - 1);
  }

  /** @throws `unsupported` for a record of another version of this package. */
  async read(): Promise<void> {
    const document = await this.#runtime.durable.documents.get(this.#totals, this.#call);
    const state = (document?.value ?? firstState) as unknown as StatsState;
    if (state.format !== format)
      throw new MemoryError("unsupported", "The statistics of this tenant are kept by another version.");
    this.#state = state;
    this.#version = document?.version ?? 0;
  }

  addressOf(unit: ChangedUnit, place: StatsPlace): DocumentAddress {
    const namespace = this.#generation(this.#state.generation);
    return { tenant: this.tenant, namespace, key: keyOf(unit, place) };
  }

  async counts(addresses: readonly DocumentAddress[]): Promise<readonly (UnitCount | undefined)[]> {
    const found = await this.#runtime.durable.documents.getMany(addresses, this.#call);
    return found.map((document) => document?.value as unknown as UnitCount | undefined);
  }

  /** At most a page of them. */
  async countAgents(): Promise<number> {
    const { items } = await listAgents(this.#runtime, this.tenant, { limit: maxPageSize, ...this.#call });
    return items.length;
  }

  /** False when another process has written since: then the state is what it wrote, and nothing was changed. */
  async write(next: StatsState, counts: readonly DocumentWrite[]): Promise<boolean> {
    const value = JSON.parse(JSON.stringify(next)) as JsonValue;
    const totals = { address: this.#totals, value, expectedVersion: this.#version };
    try {
      const written = await this.#runtime.durable.documents.putMany([...counts, totals], this.#call);
      this.#version = written.at(-1)?.version ?? 0;
    } catch (error) {
      if (!MemoryError.isInstance(error, "conflict")) throw error;
      await this.read();
      return false;
    }
    this.#state = next;
    return true;
  }

  /** Counts from the beginning, beside what was counted so far. */
  async startAgain(): Promise<void> {
    const { generation, old } = this.#state;
    await this.write({ ...firstState, generation: generation + 1, old: [...old, generation] }, []);
  }

  /** Removes some of what is left of counts that were started again. */
  async removeOld(): Promise<void> {
    const { documents, limits } = this.#runtime.durable;
    const [first, ...others] = this.#state.old;
    if (first === undefined) return;
    const { tenant } = this;
    const limit = Math.min(limits.batchItems, 1000);
    const { items } = await documents.find(
      { tenant },
      { namespace: this.#generation(first), limit, ...this.#call },
    );
    const deletes = items.map(({ namespace, key }) => ({ address: { tenant, namespace, key } }));
    if (deletes.length > 0) await documents.deleteMany(deletes, this.#call);
    else await this.write({ ...this.#state, old: others }, []);
  }

  get #totals(): DocumentAddress {
    return { tenant: this.tenant, namespace: this.#namespace, key: "totals" };
  }

  #generation(generation: number): readonly string[] {
    return [...this.#namespace, `${generation}`];
  }
}
