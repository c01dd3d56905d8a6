import { hash } from "node:crypto";
import { isEventTransfer } from "@relevo/core";
import { createMemory, type Tenant } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import type { Benchmark } from "./benchmark.ts";
import { message } from "./samples.ts";

export const events = 1_000;

export async function fill(acme: Tenant, id: string, count: number): Promise<void> {
  const session = acme.session(id, { subject: "juan" });
  for (let done = 0; done < count; done += 100)
    await session.append(Array.from({ length: 100 }, (_, index) => message(done + index)));
}

function open(): { readonly store: ReturnType<typeof createMemoryStore>; readonly acme: Tenant } {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  return { store, acme: createMemory({ store }).tenant("acme") };
}

export const writers = 16;

const outcomes: Benchmark = {
  name: `record an outcome, ${writers} writers at once`,
  floor: "put of a document",
  operations: writers,
  async setup() {
    const { store, acme } = open();
    const agent = acme.agent("planner");
    let count = 0;
    const at = (key: number) => ({ tenant: "acme", namespace: ["app"], key: `${key}` });
    return {
      floor: () =>
        Promise.all(
          Array.from({ length: writers }, (_, index) => store.documents.put(at(index), { value: index })),
        ),
      subject: () =>
        Promise.all(
          Array.from({ length: writers }, (_, index) =>
            agent.recordOutcome(
              { success: index % 3 > 0, strategy: `s${index % 4}`, durationMs: 10 + index },
              { operationId: `${count++}` },
            ),
          ),
        ),
      [Symbol.asyncDispose]: () => store.close(),
    };
  },
};

const performance: Benchmark = {
  name: "an agent's performance, after 10,000 outcomes",
  floor: "getMany of 8 documents",
  async setup() {
    const { store, acme } = open();
    const agent = acme.agent("planner");
    for (let index = 0; index < 10_000; index++)
      await agent.recordOutcome({ success: index % 3 > 0, strategy: `s${index % 4}`, durationMs: index });
    const addresses = Array.from({ length: 8 }, (_, key) => ({
      tenant: "acme",
      namespace: ["relevo:outcomes", "planner", "tallies"],
      key: `${key}`,
    }));
    return {
      floor: () => store.documents.getMany(addresses),
      subject: () => agent.performance({ feedback: 0 }),
      [Symbol.asyncDispose]: () => store.close(),
    };
  },
};

const exporting: Benchmark = {
  name: `export, an event of ${events}`,
  floor: "JSON and SHA-256",
  operations: events,
  async setup() {
    const { store, acme } = open();
    await fill(acme, "s", events);
    const { events: stored } = await store.log.read({ tenant: "acme", session: "s" }, { limit: events });
    return {
      floor: () =>
        stored.reduce((sum, event) => hash("sha256", sum + JSON.stringify(event), "base64url"), ""),
      async subject() {
        let length = 0;
        for await (const line of acme.export({ session: "s" })) length += line.length;
        return length;
      },
      [Symbol.asyncDispose]: () => store.close(),
    };
  },
};

const importing: Benchmark = {
  name: `import, an event of ${events}`,
  floor: "JSON and SHA-256",
  operations: events,
  async setup() {
    const { store, acme } = open();
    await fill(acme, "s", events);
    const lines: string[] = [];
    for await (const line of acme.export({ session: "s" })) lines.push(line);
    await store.close();
    return {
      floor: () =>
        lines.reduce((sum, line) => {
          JSON.parse(line);
          return hash("sha256", sum + line, "base64url");
        }, ""),
      async subject() {
        await using copy = createMemoryStore({ sweepIntervalMs: 0 });
        return await createMemory({ store: copy }).tenant("acme").import(lines);
      },
    };
  },
};

const archiving: Benchmark = {
  name: `archive and restore, an event of ${events}`,
  floor: "export and import of the log, twice",
  operations: events,
  async setup() {
    const store = createMemoryStore({ sweepIntervalMs: 0 });
    const archive = createMemoryStore({ sweepIntervalMs: 0 });
    const acme = createMemory({ store, archive }).tenant("acme");
    await fill(acme, "moved", events);
    await fill(acme, "s", events);
    const from = { tenant: "acme", session: "s" };
    return {
      async floor() {
        for (let round = 0; round < 2; round++) {
          await using copy = createMemoryStore({ sweepIntervalMs: 0 });
          if (!isEventTransfer(store.log) || !isEventTransfer(copy.log)) return;
          const part = await store.log.exportEvents(from, { limit: events });
          if (part !== undefined) await copy.log.importEvents(from, part);
        }
      },
      async subject() {
        await acme.archive("moved");
        await acme.restore("moved");
      },
      async [Symbol.asyncDispose]() {
        await store.close();
        await archive.close();
      },
    };
  },
};

const context: Benchmark = {
  name: "context, of a session of 10,000 messages",
  floor: "read of the newest 20",
  async setup() {
    const { store, acme } = open();
    await fill(acme, "s", 10_000);
    await acme.agent("planner").remember("style", "warm");
    const address = { tenant: "acme", session: "s" };
    return {
      floor: () => store.log.read(address, { direction: "backward", limit: 20 }),
      subject: () => acme.context({ session: "s", agent: "planner", maxTokens: 4000 }),
      [Symbol.asyncDispose]: () => store.close(),
    };
  },
};

/** What `@relevo/memory` takes in process, beside the least that it could. */
export const memoryBenchmarks: readonly Benchmark[] = [
  outcomes,
  performance,
  exporting,
  importing,
  archiving,
  context,
];
