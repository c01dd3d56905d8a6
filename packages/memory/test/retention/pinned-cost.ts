import { createMemory, type MemoryOptions, type MemoryStore } from "../../src/index.ts";
import { user } from "../fixture.ts";

/** The store, and how many events its reads have answered. */
export function countingReads(store: MemoryStore): { readonly store: MemoryStore; take(): number } {
  let events = 0;
  const log = new Proxy(store.log, {
    get(target, name) {
      const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      if (typeof call !== "function") return call;
      return async (...args: unknown[]) => {
        const result = await call.apply(target, args);
        if (name === "read") events += (result as { readonly events: readonly unknown[] }).events.length;
        return result;
      };
    },
  });
  return {
    store: { ...store, log },
    take: () => {
      const taken = events;
      events = 0;
      return taken;
    },
  };
}

/** What runs read behind a pinned message: the one that removes so many, a plan, and one that removes one more. */
export async function readBehindPin(
  opened: MemoryStore,
  removed: number,
  tenant: string,
  { derived, ...options }: Partial<MemoryOptions> & { readonly derived?: "erase" | "keep" } = {},
): Promise<{ readonly first: number; readonly plan: number; readonly second: number }> {
  const { store, take } = countingReads(opened);
  const acme = createMemory({ store, cache: false, ...options } as MemoryOptions).tenant(tenant);
  const session = acme.session(`s${removed}`);
  await session.append({ role: "system", content: "Be kind." });
  for (let left = removed; left > 0; left -= 100)
    await session.append(Array.from({ length: Math.min(left, 100) }, (_, index) => user(`m${index}`)));
  await session.append(user("newest"));
  const retention = acme.retention([{ events: { keep: 1, derived } }]);
  const run = async (expected: number): Promise<number> => {
    take();
    const { events } = await retention.apply();
    if (events !== expected) throw new Error(`${events} events went instead of ${expected}.`);
    return take();
  };
  const first = await run(removed);
  const { events } = await retention.plan();
  if (events !== 0) throw new Error(`${events} events are due again.`);
  const plan = take();
  await session.append(user("next"));
  return { first, plan, second: await run(1) };
}
