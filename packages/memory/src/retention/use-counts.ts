import {
  type Document,
  type DocumentAddress,
  type DocumentWrite,
  isConflict,
  type RecallHit,
} from "@relevo/core";
import { admitFields, admitInteger, type FieldTable, fieldTable } from "@relevo/core/input";
import { usesAddress } from "../history/past-values.ts";
import type { Runtime } from "../runtime.ts";
import type { Use, UseRecords } from "./importance.ts";
import { memoryKinds } from "./memory-kinds.ts";

/** Counts uses in this process and writes them later, so that no read waits for a write. */
export interface CountUsesOptions {
  /** The longest that counts wait to be written, in milliseconds; 60,000 (one minute) when left out. */
  readonly flushMs?: number | undefined;
  /** The most memories whose counts wait; so many are written at once. 1,000 when left out. */
  readonly most?: number | undefined;
}

const fields: FieldTable = fieldTable<CountUsesOptions>({ flushMs: "refines", most: "refines" });
const mostTimerMs = 2 ** 31 - 1;
const attempts = 3;
const atOnce = 100;

/** @throws `invalid-input` that names the option. */
export function admitCountUses(
  given: CountUsesOptions | boolean | undefined,
): { readonly flushMs: number; readonly most: number } | undefined {
  if (given === undefined || given === false) return undefined;
  const { flushMs, most } =
    given === true ? {} : admitFields<CountUsesOptions>(given, "options.countUses", fields);
  return {
    flushMs: admitInteger(flushMs ?? 60_000, "options.countUses.flushMs", 1, mostTimerMs),
    most: admitInteger(most ?? 1000, "options.countUses.most", 1, 1_000_000),
  };
}

interface Waiting extends Use {
  readonly address: DocumentAddress;
}

export class UseCounts implements UseRecords {
  readonly #parts: Pick<Runtime, "durable" | "clock" | "onError">;
  readonly #flushMs: number;
  readonly #most: number;
  /** By address, the one that was used last at the end. */
  #waiting: Map<string, Waiting> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(
    parts: Pick<Runtime, "durable" | "clock" | "onError">,
    { flushMs, most }: { readonly flushMs: number; readonly most: number },
  ) {
    this.#parts = parts;
    this.#flushMs = flushMs;
    this.#most = most;
  }

  note(address: DocumentAddress): void {
    if (!isMemory(address.namespace)) return;
    const id = idOf(address);
    const count = (this.#waiting.get(id)?.count ?? 0) + 1;
    this.#waiting.delete(id);
    this.#waiting.set(id, { address, count, lastAt: this.#parts.clock.now() });
    this.#timer ??= setTimeout(() => void this.flush(), this.#flushMs).unref();
    if (this.#waiting.size < this.#most) return;
    if (this.#writing === undefined) void this.flush();
    // A slow store must not fill the memory.
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > this.#most && oldest !== undefined) this.#waiting.delete(oldest);
  }

  noteFound(tenant: string, hits: readonly RecallHit[]): void {
    for (const { source } of hits)
      if (source.kind === "document" && source.session === undefined)
        this.note({ tenant, namespace: source.namespace, key: source.key });
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing !== undefined) {
      await this.#writing;
      if (this.#writing !== undefined) return this.#writing;
    }
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#writing = this.#writeAll([...waiting.values()]).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async of(tenant: string, documents: readonly Document[]): Promise<readonly (Use | undefined)[]> {
    const memories = documents.filter(({ namespace }) => isMemory(namespace));
    const found = await this.#stored(memories.map(({ namespace, key }) => ({ tenant, namespace, key })));
    const uses = new Map(memories.map((document, index) => [document, found[index]]));
    return documents.map((document) => useIn(uses.get(document)));
  }

  async #stored(addresses: readonly DocumentAddress[]): Promise<readonly (Document | undefined)[]> {
    return addresses.length === 0
      ? []
      : this.#parts.durable.documents.getMany(addresses.map((address) => usesAddress(address)));
  }

  async #writeAll(waiting: readonly Waiting[]): Promise<void> {
    const size = Math.min(atOnce, this.#parts.durable.limits.batchItems);
    // One write is of one owner.
    const owners = Map.groupBy(waiting, ({ address: { tenant, namespace } }) =>
      JSON.stringify([tenant, ...namespace.slice(0, 2)]),
    );
    for (const own of owners.values())
      for (let start = 0; start < own.length; start += size)
        await this.#write(own.slice(start, start + size)).catch(this.#parts.onError);
  }

  async #write(waiting: readonly Waiting[]): Promise<void> {
    const { documents } = this.#parts.durable;
    for (let attempt = 1; ; attempt++) {
      const addresses = waiting.map(({ address }) => address);
      const memories = await documents.getMany(addresses);
      const stored = await this.#stored(addresses);
      const writes = waiting.flatMap((one, index) => {
        const memory = memories[index];
        return memory === undefined ? [] : this.#writeOf(one, memory, stored[index]);
      });
      if (writes.length === 0) return;
      try {
        await documents.putMany(writes);
        return;
      } catch (error) {
        // Another process has counted meanwhile, or a memory was written or is gone.
        if (!isConflict(error) || attempt === attempts) throw error;
      }
    }
  }

  /** Derived from the memory, so that it is refused once that is gone, and goes with it. */
  #writeOf(
    { address, count, lastAt }: Waiting,
    memory: Document,
    stored: Document | undefined,
  ): DocumentWrite {
    const { namespace, key, version, expiresAt } = memory;
    const before = useIn(stored);
    return {
      address: usesAddress(address),
      value: { count: (before?.count ?? 0) + count, lastAt: Math.max(before?.lastAt ?? 0, lastAt) },
      derivedFrom: { documents: [{ namespace, key, version }] },
      expectedVersion: stored?.version ?? 0,
      ...(expiresAt === undefined ? {} : { ttlMs: Math.max(1, expiresAt - this.#parts.clock.now()) }),
    };
  }
}

function isMemory(namespace: readonly string[]): boolean {
  return Object.values(memoryKinds).some(
    (kind) =>
      kind.prefix(undefined).every((element, index) => namespace[index] === element) &&
      kind.copyOf(namespace) !== undefined,
  );
}

function useIn(stored: Document | undefined): Use | undefined {
  const { count, lastAt } = (stored?.value ?? {}) as { readonly count?: unknown; readonly lastAt?: unknown };
  return typeof count === "number" && typeof lastAt === "number" ? { count, lastAt } : undefined;
}

function idOf({ tenant, namespace, key }: DocumentAddress): string {
  return JSON.stringify([tenant, namespace, key]);
}
