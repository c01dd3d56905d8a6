import { serviceAvailable } from "@relevo/test-services";
import type { OpenSuite } from "./benchmark.ts";
import { startPostgresBench } from "./postgres-server.ts";
import { fillSearch, searchChange, searchItems, searchQuestion, searchTenant } from "./search-samples.ts";

const messages = 100_000;
const batch = 100;

/**
 * The search index on a private server, with sessions of 50 messages. A question has six words, from one that is in every
 * fiftieth message to one that is in a few; its reading is what is measured, without scores, which are the same for each index.
 */
export async function openPostgresSearch(): Promise<OpenSuite | string> {
  const service = await serviceAvailable("postgres");
  if (!service.available) return service.reason;
  const bench = await startPostgresBench();
  const { search } = bench.secured;
  if (search === undefined) throw new Error("The store has no search index.");
  let filled: Promise<void> | undefined;
  const fill = (): Promise<void> => {
    filled ??= fillSearch(search, messages).then(async () => void (await bench.owner.query("analyze")));
    return filled;
  };
  const roundTrip = async (): Promise<unknown> => await bench.pool.query({ name: "one", text: "select 1" });
  let next = 1;
  const read = async (): Promise<unknown> =>
    await search.read(searchTenant, { terms: searchQuestion(next++ % 500) }, ({ size }) => size);
  return {
    benchmarks: [
      {
        name: `postgres search: read for a question, of ${messages.toLocaleString("en")}`,
        floor: "select 1",
        target: { micros: 25_000 },
        async setup() {
          await fill();
          return { floor: roundTrip, subject: read };
        },
      },
      {
        name: `postgres search: write a message and read, of ${messages.toLocaleString("en")}`,
        floor: "select 1",
        target: { micros: 25_000 },
        async setup() {
          await fill();
          return {
            floor: roundTrip,
            async subject() {
              const position = next++;
              await search.write(
                searchTenant,
                searchChange(0, searchItems(1, position, 1000 + position), 1000 + position),
              );
              return await read();
            },
          };
        },
      },
      {
        name: `postgres search: write a batch of ${batch}, a message`,
        floor: "select 1",
        target: { micros: 1000 },
        operations: batch,
        async setup() {
          await fill();
          let session = messages;
          return {
            floor: roundTrip,
            async subject() {
              session++;
              return await search.write(searchTenant, searchChange(session, searchItems(batch, session)));
            },
          };
        },
      },
    ],
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}
