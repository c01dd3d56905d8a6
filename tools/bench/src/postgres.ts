import { serviceAvailable } from "@relevo/test-services";
import type { Benchmark, OpenSuite, Target } from "./benchmark.ts";
import { startPostgresBench } from "./postgres-server.ts";
import { rawPostgres } from "./raw-postgres.ts";
import { batch } from "./samples.ts";
import { postgresPart } from "./server-part.ts";
import { documents, fillDocuments, fillLog, type StoreWork, storeWork } from "./store-work.ts";

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
  const withSecurity = storeWork(secured);
  const without = storeWork(bypassing);

  const paired = (
    name: string,
    floor: string,
    job: keyof StoreWork,
    extra: {
      readonly target?: Target;
      readonly operations?: number;
      readonly history?: number;
      readonly work?: StoreWork;
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
      return { floor: raw.work[job], subject: (extra.work ?? withSecurity)[job] };
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
          await withSecurity.append();
          return { floor: raw.work.append, subject: await postgresPart(pool, withSecurity.append) };
        },
      },
      paired("append one, idempotent, bypassing RLS", "prepared INSERT", "append", {
        target: { ratio: 1.2 },
        work: without,
      }),
      paired("append a batch of 100, an event", "prepared INSERT of unnest", "appendBatch", {
        target: { ratio: 1.2 },
        operations: batch.length,
      }),
      paired("append a batch of 100, an event, bypassing RLS", "prepared INSERT of unnest", "appendBatch", {
        target: { ratio: 1.2 },
        operations: batch.length,
        work: without,
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
        work: without,
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
