import { MemoryError } from "@relevo/core";
import { expect } from "vitest";
import {
  createMemory,
  type ExportSelector,
  type Memory,
  type MemoryStore,
  type Tenant,
} from "../../src/index.ts";
import { everythingIn, killable, onlyPlot } from "../erasure/plant.ts";
import { assistant, type TwoStoreFixture, twoStores, user } from "../fixture.ts";

export const { canary }: { readonly canary: string } = onlyPlot;

export async function textOf(tenant: Tenant, selector: ExportSelector = {}): Promise<string> {
  let text = "";
  for await (const line of tenant.export(selector)) text += line;
  return text;
}

/** A session with some of everything; returns its export. */
export async function plantCase(acme: Tenant, id = "case", subject = "juan"): Promise<string> {
  const session = acme.session(id, { subject, metadata: { title: "Plan" }, ttlMs: 3_600_000 });
  await session.append([user("Hola"), assistant(canary)], { operationId: "request-1" });
  await session.append(user("gone"));
  await session.undo();
  await session.append(user("erased"));
  await session.erase({ seqs: [5] });
  await session.recordExecution({ agent: "planner", output: canary });
  await session.working.remember("step", 3, { ttlMs: 1_800_000 });
  await session.working.remember("draft", canary, { tags: ["draft"] });
  await session.working.remember("draft", `${canary}!`);
  await session.agent("planner").remember("note", canary);
  return textOf(acme, { session: id });
}

interface Interruption {
  /** The answer of one call is lost; otherwise no call from one on is made any more, as of a process that was killed. */
  readonly once: boolean;
  /** Before every call, every second one, and so on. */
  readonly step: number;
}

/** Interrupts a move at its calls, one after the other, and takes either direction then. Returns how many calls it has. */
export async function interruptEach(
  move: "archive" | "restore",
  { once, step }: Interruption,
): Promise<number> {
  const back = move === "archive" ? "restore" : "archive";
  let calls = 0;
  for (let killAt = 1, isWhole = false; !isWhole; killAt += step) {
    for (const next of [move, back] as const) {
      const fixture = twoStores();
      const acme = fixture.memory.tenant("acme");
      const before = await plantCase(acme);
      if (move === "restore") await acme.archive("case");
      const { memory, door } = failing(fixture, killAt, once);
      const broken = await memory
        .tenant("acme")
        [move]("case")
        .catch((error: unknown) => error);
      isWhole = door.calls < killAt;
      if (isWhole) calls = door.calls;
      if (killAt <= door.calls && !once) expect(MemoryError.isInstance(broken)).toBe(true);
      const at = `${move} at ${killAt}, then ${next}`;
      await acme[next]("case");
      const [here, there] = [(await acme.sessions()).items, (await acme.archived()).items];
      expect([here.length, there.length], at).toEqual(next === "archive" ? [0, 1] : [1, 0]);
      if (next === "archive") await acme.restore("case");
      expect(await textOf(acme, { session: "case" }), at).toBe(before);
      await acme.session("case").append(user("goes on"));
      expect(await everythingIn(fixture.durable, ["acme"]), at).not.toContain(canary);
      await memory.close();
      await fixture.memory.close();
    }
  }
  return calls;
}

/** Another memory over the same stores, whose calls fail. */
function failing(
  { volatile, durable }: TwoStoreFixture,
  killAt: number,
  once: boolean,
): { readonly memory: Memory; readonly door: { calls: number; killAt: number } } {
  const door = { calls: 0, killAt };
  const wrap = (store: MemoryStore): MemoryStore =>
    once ? losingOne(store, door) : { ...killable(store, door), ...leasesOf(store) };
  const memory = createMemory({
    volatile: wrap(volatile),
    durable: wrap(durable),
    sessions: "volatile",
    onError: () => undefined,
  });
  return { memory, door };
}

function leasesOf({ leases }: MemoryStore): Pick<MemoryStore, "leases"> {
  return leases === undefined ? {} : { leases };
}

/** Loses the answer of one call, which was made. */
function losingOne(store: MemoryStore, door: { calls: number; readonly killAt: number }): MemoryStore {
  const guard = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => {
          const isLost = ++door.calls === door.killAt;
          const result: unknown = await Reflect.apply(method, target, args);
          if (isLost) throw new MemoryError("unavailable", "The answer was lost.", { outcome: "unknown" });
          return result;
        };
      },
    });
  const { limits, log, documents } = store;
  return { ...leasesOf(store), limits, log: guard(log), documents: guard(documents) };
}
