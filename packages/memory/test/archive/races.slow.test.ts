import { requireService } from "@relevo/test-services";
import { createClient } from "redis";
import { afterAll, describe, it } from "vitest";
import { openPostgres } from "../cache/servers.ts";
import { createPlaces, type PlaceKind } from "./places.ts";
import { expectStays, movesAtOnce, type Pair, writersAndMovers } from "./races.ts";

const places = createPlaces();
afterAll(() => places[Symbol.asyncDispose]());

const pairs: readonly { readonly from: PlaceKind; readonly to: PlaceKind }[] = [
  { from: "redis", to: "postgres" },
  { from: "postgres", to: "postgres" },
  { from: "postgres", to: "redis" },
  { from: "redis", to: "redis" },
  { from: "cluster", to: "postgres" },
];

function isThere(...kinds: readonly PlaceKind[]): boolean {
  return kinds.every((kind) =>
    requireService(kind === "postgres" ? "postgres" : "redis", { for: "archives under load" }),
  );
}

async function openPair(from: PlaceKind, to: PlaceKind): Promise<Pair> {
  const [volatile, durable] = [await places.open(from, 0), await places.open(to, 1)];
  return { volatile: volatile.store, durable: durable.store };
}

describe.each(pairs)("a session between $from and $to", ({ from, to }) => {
  describe.skipIf(!isThere(from, to))("that", () => {
    it("is written while it is moved has each acknowledged write once", { timeout: 240_000 }, async () => {
      await writersAndMovers(await openPair(from, to), 8);
    });

    it("is moved, made and erased at the same time", { timeout: 240_000 }, async () => {
      await movesAtOnce(await openPair(from, to));
    });
  });
});

describe.skipIf(!isThere("redis", "postgres"))("a session stays in use when the archive", () => {
  it("is read-only, or down", { timeout: 120_000 }, async () => {
    const pair = await openPair("redis", "postgres");
    const { url } = await places.open("postgres", 1);
    await using readOnly = openPostgres({
      connectionString: url,
      max: 2,
      options: "-c default_transaction_read_only=on",
    });
    await expectStays(pair, readOnly.store, { codes: /^(denied|unavailable|unsupported)$/u });
    const down = new URL(url);
    down.port = "1";
    await using unreachable = openPostgres({
      connectionString: down.href,
      max: 2,
      connectionTimeoutMillis: 1000,
    });
    await expectStays(pair, unreachable.store, { codes: /^(unavailable|timeout)$/u });
  });

  it("is full", { timeout: 120_000 }, async () => {
    const pair = await openPair("postgres", "redis");
    const { url } = await places.open("redis", 1);
    const client = createClient({ url });
    await client.connect();
    const mend = () => client.configSet({ maxmemory: "0" });
    try {
      await client.configSet({ maxmemory: "1", "maxmemory-policy": "noeviction" });
      await expectStays(pair, pair.durable, { codes: /^unavailable$/u, mend });
    } finally {
      await mend();
      client.destroy();
    }
  });
});
