import { hash } from "node:crypto";
import { isEventTransfer, type Store } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { serviceAvailable } from "@relevo/test-services";
import type { Pool } from "pg";
import type { Benchmark, OpenSuite } from "./benchmark.ts";
import { events, fill, writers } from "./memory.ts";
import { startPostgresBench } from "./postgres-server.ts";
import { rawPostgres } from "./raw-postgres.ts";
import { rawRedis } from "./raw-redis.ts";
import { type FloorClient, startRedisBench } from "./redis-server.ts";
import { batch } from "./samples.ts";
import type { StoreWork } from "./store-work.ts";

/** The least that the same jobs cost on a server, by hand. */
interface RawMemory extends Pick<StoreWork, "tail" | "get" | "put"> {
  /** All events of a session, as JSON. */
  readAll(): Promise<readonly string[]>;
  /** Events of a new session, as JSON. */
  writeAll(texts: readonly string[]): Promise<unknown>;
}

export async function openMemoryOnRedis(): Promise<OpenSuite | string> {
  const service = await serviceAvailable("redis");
  if (!service.available) return service.reason;
  const bench = await startRedisBench();
  const raw = await rawRedis(bench.client);
  return {
    benchmarks: rows("redis", bench.store, { ...raw, ...wholeSessionsOnRedis(bench.client) }),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

export async function openMemoryOnPostgres(): Promise<OpenSuite | string> {
  const service = await serviceAvailable("postgres");
  if (!service.available) return service.reason;
  const bench = await startPostgresBench();
  const raw = await rawPostgres(bench.owner);
  // On the one connection that the store has.
  const through = raw.through(bench.pool);
  await raw.fill(10_000);
  return {
    benchmarks: rows("postgres", bench.secured, { ...through, ...wholeSessionsOnPostgres(bench.pool) }),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

function wholeSessionsOnRedis(client: FloorClient): Pick<RawMemory, "readAll" | "writeAll"> {
  let count = 0;
  return {
    readAll: () => client.lRange("raw:whole:0", 0, -1),
    writeAll: (texts) => client.rPush(`raw:whole:${count++}`, [...texts]),
  };
}

function wholeSessionsOnPostgres(pool: Pool): Pick<RawMemory, "readAll" | "writeAll"> {
  let count = 0;
  return {
    async readAll() {
      const { rows: found } = await pool.query<{ body: string }>({
        name: "raw-whole",
        text: "select * from raw.events where tenant = 'acme' and session = 'whole-0' order by seq",
      });
      return found.map(({ body }) => body);
    },
    writeAll: (texts) =>
      pool.query({
        name: "raw-write-whole",
        text: `insert into raw.events select 'acme', $1, n, n, 'message', 'planner', body
          from unnest($2::text[]) with ordinality as row (body, n)`,
        values: [`whole-${count++}`, texts],
      }),
  };
}

function rows(name: string, store: Store, raw: RawMemory): readonly Benchmark[] {
  const acme = createMemory({ store }).tenant("acme");
  const many = (call: (index: number) => Promise<unknown>) => () =>
    Promise.all(Array.from({ length: writers }, (_, index) => call(index)));
  const texts = Array.from({ length: events }, (_, index) => JSON.stringify(batch[index % batch.length]));
  let operations = 0;
  return [
    {
      name: `${name}: record an outcome, ${writers} writers at once`,
      floor: "read and write of a document",
      operations: writers,
      setup: () => ({
        floor: many(async () => {
          await raw.get();
          await raw.put();
        }),
        subject: many((index) =>
          acme
            .agent("planner")
            .recordOutcome(
              { success: index % 3 > 0, strategy: `s${index % 4}`, durationMs: 10 + index },
              { operationId: `${name}-${operations++}` },
            ),
        ),
      }),
    },
    ...[1_000, 10_000].map(
      (length): Benchmark => ({
        name: `${name}: context, of a session of ${length.toLocaleString("en")} messages`,
        floor: "the newest 20 and a document",
        async setup() {
          const id = `context-${length}`;
          await fill(acme, id, length);
          await acme.agent("planner").remember("style", "warm");
          return {
            floor: () => Promise.all([raw.tail(), raw.get()]),
            subject: () => acme.context({ session: id, agent: "planner", maxTokens: 4000 }),
          };
        },
      }),
    ),
    {
      name: `${name}: export, an event of ${events}`,
      floor: "read, JSON and SHA-256",
      operations: events,
      async setup() {
        await fill(acme, "exported", events);
        await raw.writeAll(texts);
        return {
          async floor() {
            const found = await raw.readAll();
            return found.reduce(
              (sum, text) => hash("sha256", sum + JSON.stringify(JSON.parse(text)), "base64url"),
              "",
            );
          },
          async subject() {
            let length = 0;
            for await (const line of acme.export({ session: "exported" })) length += line.length;
            return length;
          },
        };
      },
    },
    {
      name: `${name}: import, an event of ${events}`,
      floor: "JSON, SHA-256 and write",
      operations: events,
      async setup() {
        await using elsewhere = createMemoryStore({ sweepIntervalMs: 0 });
        const source = createMemory({ store: elsewhere }).tenant("acme");
        await fill(source, "imported", events);
        const lines: string[] = [];
        for await (const line of source.export({ session: "imported" })) lines.push(line);
        let tenants = 0;
        return {
          floor() {
            let sum = "";
            for (const text of texts)
              sum = hash("sha256", sum + JSON.stringify(JSON.parse(text)), "base64url");
            return raw.writeAll(texts);
          },
          subject: () =>
            createMemory({ store }).tenant(`${name}-${tenants++}`).import(lines, { from: "acme" }),
        };
      },
    },
    {
      name: `${name}: archive and restore, an event of ${events}`,
      floor: "export and import of the log, to and fro",
      operations: events,
      async setup() {
        const archive = createMemoryStore({ sweepIntervalMs: 0 });
        const moving = createMemory({ store, archive }).tenant("moving");
        await fill(moving, "moved", events);
        await fill(acme, "copied", events);
        const from = { tenant: "acme", session: "copied" };
        let count = 0;
        return {
          async floor() {
            await using copy = createMemoryStore({ sweepIntervalMs: 0 });
            if (!isEventTransfer(store.log) || !isEventTransfer(copy.log)) return;
            const part = await store.log.exportEvents(from, { limit: events });
            if (part === undefined) return;
            await copy.log.importEvents(from, part);
            await store.log.importEvents({ tenant: `copies-${count++}`, session: "copied" }, part);
          },
          async subject() {
            await moving.archive("moved");
            await moving.restore("moved");
          },
          [Symbol.asyncDispose]: () => archive.close(),
        };
      },
    },
    {
      name: `${name}: statistics of a tenant, when a session was written`,
      floor: "four reads and a write of a document",
      async setup() {
        while (!(await acme.stats()).complete);
        const session = acme.session("counted");
        return {
          async floor() {
            await raw.put();
            for (let read = 0; read < 4; read++) await raw.get();
            await raw.put();
          },
          async subject() {
            await session.append({ role: "user", content: "x" });
            return await acme.stats();
          },
        };
      },
    },
  ];
}
