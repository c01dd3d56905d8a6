import { randomUUID } from "node:crypto";
import type { SessionAddress } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createMemory, type Memory } from "../../src/index.ts";
import { storyCount } from "../fixture.ts";
import { type Act, type Done, type Participant, participantOf } from "./participant.ts";
import { type CacheServer, type OpenStore, openStore, type ServerKind, startCacheServer } from "./servers.ts";
import { newest } from "./shown-views.ts";
import { startCachedProcess } from "./start-cached-process.ts";

/** Ends a hang. */
const patience = { timeout: 120_000, interval: 20 };

const kinds = ["turn", "view", "append", "retry", "undo", "erase", "trim", "touch", "delete"] as const;
const faults = ["kill", "save", "rewind", "expire"] as const;

interface Step {
  /** Two cached memories of this process, one of another, and one that is not cached. */
  readonly who: number;
  readonly kind: (typeof kinds)[number] | (typeof faults)[number];
  readonly place: number;
  readonly retained: boolean;
  readonly size: number;
  readonly seq: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(3),
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom("turn", "view") },
    { weight: 10, arbitrary: fc.constantFrom(...kinds) },
    { weight: 2, arbitrary: fc.constantFrom(...faults) },
  ),
  place: fc.nat(1),
  retained: fc.boolean(),
  size: fc.constantFrom(3, 12),
  seq: fc.integer({ min: 1, max: 12 }),
});

describe.each([
  ["redis", "redis"],
  ["postgres", "private-postgres"],
] as const)("cached memories of two processes on %s", (kind, service) => {
  describe.skipIf(!requireService(service, { for: `the cache of sessions on ${kind}` }))("are", () => {
    let server: CacheServer;
    let participants: readonly Participant[];
    let plain: Memory;
    const opened: AsyncDisposable[] = [];

    beforeAll(async () => {
      server = await startCacheServer(kind);
      const own = async (cache: boolean): Promise<Memory> => {
        const one: OpenStore = await openStore(kind, server.url);
        opened.push(one);
        return createMemory({ store: one.store, cache });
      };
      const other = await startCachedProcess(kind as ServerKind, server.url);
      opened.push(other);
      plain = await own(false);
      participants = [
        participantOf(await own(true)),
        participantOf(await own(true)),
        other,
        participantOf(plain),
      ];
    });

    afterAll(async () => {
      for (const one of opened) await one[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    // Of a pool, connections that a kill has ended may be met long after others have come back.
    const shown = ({ tenant, session }: SessionAddress, size: number): Promise<string> =>
      vi.waitFor(async () => {
        const view = await plain
          .tenant(tenant)
          .session(session)
          .view({ strategy: newest(size) });
        return JSON.stringify(view);
      }, patience);

    /** The act, again while the connections come back after a kill, or a busy machine answers too late. */
    const settled = (who: Participant, act: Act): Promise<Done> =>
      vi.waitFor(async () => {
        const done = await who.act(act);
        if (done.error === "unavailable" || done.error === "timeout") throw new Error(done.error);
        return done;
      }, patience);

    it("never stale, in any order of writes, kills and failovers", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
          const tenant = randomUUID();
          let rewind = await server.save();
          for (const [index, { who, kind: what, place, retained, size, seq }] of steps.entries()) {
            const address = { tenant, session: `s${place}` };
            const act = { address, retained, text: `step ${index}`, seq, size };
            const participant = participants[who] ?? expect.unreachable();
            if (what === "save") rewind = await server.save();
            else if (what === "rewind") await rewind();
            else if (what === "kill") {
              await server.kill();
              for (const one of participants) await settled(one, { ...act, kind: "view", retained: false });
            } else if (what === "expire") {
              const session = plain.tenant(tenant).session(address.session);
              await vi.waitFor(async () => {
                await session.touch({ ttlMs: 1 });
              }, patience);
              await vi.waitFor(async () => {
                if ((await session.head().catch(() => undefined)) !== undefined)
                  throw new Error("It is still there.");
              }, patience);
            } else {
              const { view, error } = await settled(participant, { ...act, kind: what });
              if (view !== undefined) expect(view, `step ${index}`).toBe(await shown(address, size));
              else if (what === "view") expect([retained, error]).toEqual([true, "history-lost"]);
            }
          }
        }),
        // A story takes seconds, so a failing one is not made smaller.
        { numRuns: storyCount(15), endOnFailure: true },
      );
    });

    it("never stale while all of them write and erase at once", async () => {
      const address = { tenant: randomUUID(), session: "busy" };
      const written = new Set<string>();
      const isErasing = new Set<string>();
      const erased = new Set<string>();
      const worker = async (participant: Participant, name: number): Promise<void> => {
        for (let index = 0; index < 60; index++) {
          const text = `${name}/${index}`;
          const [before, gone] = [[...written], [...erased]];
          const act = { address, retained: index % 2 === 0, text, seq: 1, size: 1000 };
          const { view, error } = await settled(participant, {
            ...act,
            kind: index % 3 === 0 ? "view" : "turn",
          });
          expect(error).toBeUndefined();
          const seen = JSON.parse(view ?? "") as {
            readonly messages: readonly { readonly content: string }[];
            readonly seqs: readonly number[];
          };
          const texts = new Set(seen.messages.map(({ content }) => content));
          if (index % 3 !== 0) written.add(text);
          if (index % 3 !== 0)
            expect(texts.has(text) || erased.has(text), `${text} in its own view`).toBe(true);
          for (const one of before)
            expect(texts.has(one) || isErasing.has(one), `${one} in the view of ${text}`).toBe(true);
          for (const one of gone)
            expect(texts.has(one), `the erased ${one} in the view of ${text}`).toBe(false);
          if (index % 10 === 9) {
            const [oldest] = seen.messages;
            const seq = seen.seqs[0];
            if (oldest === undefined || seq === undefined) continue;
            isErasing.add(oldest.content);
            expect(await settled(participant, { ...act, kind: "erase", seq })).toEqual({});
            erased.add(oldest.content);
          }
        }
      };
      await Promise.all(participants.map(worker));
      expect(erased.size).toBeGreaterThan(5);
    });
  });
});
