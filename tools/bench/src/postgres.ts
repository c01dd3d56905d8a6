import { serviceAvailable } from "@relevo/test-services";
import type { Benchmark, OpenSuite, Target } from "./benchmark.ts";
import { startPostgresBench } from "./postgres-server.ts";
import { rawPostgres } from "./raw-postgres.ts";
import { batch } from "./samples.ts";
import { postgresPart } from "./server-part.ts";
import { documents, fillDocuments, fillLog, type StoreWork, storeWork } from "./store-work.ts";

interface Pair {
  readonly floor: StoreWork;
  readonly subject: StoreWork;
}

/**
 * The store on a private server that waits for its disk, against prepared statements of bare `pg` on the same:
 * once with row-level security, as it should run, and once by a role that bypasses it.
 */
export async function openPostgres(): Promise<OpenSuite | string> {
  const service = await serviceAvailable("postgres");
  if (!service.available) return service.reason;
  const bench = await startPostgresBench();
  const { owner, pool, secured, bypassing } = bench;
  const raw = await rawPostgres(owner);
  await fillDocuments(secured);
  // Each beside its floor on one connection: whether the system runs a connection's process on the processor that asks
  // or on another, which it has to wake, makes a call take 40 or 100 µs.
  const withSecurity: Pair = { floor: raw.through(pool), subject: storeWork(secured) };
  const without: Pair = { floor: raw.through(owner), subject: storeWork(bypassing) };

  const paired = (
    name: string,
    floor: string,
    job: keyof StoreWork,
    extra: {
      readonly target?: Target;
      readonly operations?: number;
      readonly history?: number;
      readonly by?: Pair;
    } = {},
  ): Benchmark => ({
    name: `postgres: ${name}`,
    floor,
    ...(extra.target === undefined ? {} : { target: extra.target }),
    ...(extra.operations === undefined ? {} : { operations: extra.operations }),
    async setup() {
      await fillLog(secured, extra.history ?? 0);
      await raw.fill(extra.history ?? 0);
      await owner.query("analyze");
      const { floor, subject } = extra.by ?? withSecurity;
      return { floor: floor[job], subject: subject[job] };
    },
  });

  const tails = [100, 10_000, 100_000];
  return {
    benchmarks: [
      paired("append one, idempotent", "prepared INSERT", "append", { target: { ratio: 1.3 } }),
      {
        name: "postgres: append one, the function alone",
        floor: "prepared INSERT",
        async setup() {
          const { floor, subject } = withSecurity;
          await subject.append();
          return { floor: floor.append, subject: await postgresPart(pool, subject.append) };
        },
      },
      paired("append one, idempotent, bypassing RLS", "prepared INSERT", "append", {
        target: { ratio: 1.2 },
        by: without,
      }),
      paired("append a batch of 100, an event", "prepared INSERT of unnest", "appendBatch", {
        target: { ratio: 1.2 },
        operations: batch.length,
      }),
      paired("append a batch of 100, an event, bypassing RLS", "prepared INSERT of unnest", "appendBatch", {
        target: { ratio: 1.2 },
        operations: batch.length,
        by: without,
      }),
      ...tails.map((history) =>
        paired(
          `last 20, of ${history.toLocaleString("en")} or more`,
          "prepared SELECT + JSON.parse",
          "tail",
          {
            target: { ratio: 1.15 },
            history,
          },
        ),
      ),
      paired("last 20, of 100,000 or more, bypassing RLS", "prepared SELECT + JSON.parse", "tail", {
        target: { ratio: 1.15 },
        by: without,
      }),
      paired("document put", "prepared upsert", "put"),
      paired("document get", "prepared SELECT + JSON.parse", "get"),
      paired(
        `find 20 of ${documents.toLocaleString("en")} by tag`,
        "prepared SELECT over a tag index",
        "find",
      ),
    ],
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}
