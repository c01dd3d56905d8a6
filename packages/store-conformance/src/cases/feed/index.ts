import type { ChangedUnit, ChangeFeed, ChangesOptions, Store } from "@relevo/core";
import { encodeCursor } from "@relevo/core/store";
import { transferLogs } from "../../capabilities.ts";
import { check, equal, eventually, inBackground, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, letExpire, messages, operationOf, range, retracts, says } from "../../samples.ts";
import { exportAll } from "../transfer/copy-session.ts";

/** A consumer of the feed with a cursor of its own. */
class Consumer {
  readonly #feed: ChangeFeed;
  readonly #tenant: string;
  readonly #limit: number | undefined;
  #position: Pick<ChangesOptions, "cursor" | "from">;

  constructor(store: Store, tenant: string, from: "beginning" | "now", limit?: number) {
    this.#feed = present(store.feed, "the change feed");
    this.#tenant = tenant;
    this.#limit = limit;
    this.#position = { from };
  }

  /** One page. */
  async next(): Promise<readonly ChangedUnit[]> {
    return (await this.#page()).units;
  }

  /** Everything that was written since. */
  async rest(): Promise<readonly ChangedUnit[]> {
    const units: ChangedUnit[] = [];
    for (let pages = 0; ; pages++) {
      check(pages < 1000, "the feed does not end");
      const page = await this.#page();
      units.push(...page.units);
      if (!page.more) return units;
    }
  }

  async #page(): ReturnType<ChangeFeed["changes"]> {
    const page = await this.#feed.changes(this.#tenant, { ...this.#position, limit: this.#limit });
    const limit = this.#limit ?? 100;
    check(page.units.length <= limit, `a page of ${page.units.length} units under limit ${limit}`);
    equal(new Set(page.units.map(nameOf)).size, page.units.length, "units of a page, each once");
    this.#position = { cursor: page.cursor };
    return page;
  }
}

/** `session:` or `owner:` and its name; a session that has ended with a mark. */
function nameOf(unit: ChangedUnit): string {
  if (unit.kind === "owner") return `owner ${unit.namespace.join("/")}`;
  return `session ${unit.session}${unit.incarnation === undefined ? " (ended)" : ""}`;
}

function namesOf(units: readonly ChangedUnit[]): readonly string[] {
  return units.map(nameOf);
}

/** Waits for units to be reported where the feed lags; then they must be these, in any order, and none beside them. */
async function expectReports(
  context: CaseContext,
  consumer: Consumer,
  names: readonly string[],
  what: string,
): Promise<void> {
  const seen = new Set<string>();
  await eventually(context, async () => {
    for (const name of namesOf(await consumer.rest())) seen.add(name);
    equal([...seen].toSorted(), names.toSorted(), what);
  });
}

/** The cases of the change feed. */
export const feedCases: readonly ConformanceCase[] = [
  {
    id: "feed/every-write-is-reported",
    area: "feed",
    needs: ["feed"],
    contract:
      "Every kind of write to a session, its documents or an owner's documents reports its unit through every handle; reads report nothing.",
    async run(context) {
      if (context.store.feed === undefined) return;
      const { log, documents } = context.store;
      const other = context.other.log;
      const address = addressOf(context);
      const note = { ...address, namespace: ["notes", "a", "b"], key: "k" };
      const memory = { tenant: context.tenant, namespace: ["users", "u1", "values"], key: "name" };
      const short = { tenant: context.tenant, namespace: ["shared"], key: "k" };
      const consumer = new Consumer(context.other, context.tenant, "now");
      await expectReports(context, consumer, [], "units before the first write");
      const [transfer] = transferLogs(context) ?? [];
      const ofSession = "session session";
      const steps: readonly (readonly [what: string, write: () => Promise<unknown>, names: string])[] = [
        ["the first append", () => log.append(address, messages(4)), ofSession],
        ["an append", () => other.append(address, [says("five")]), ofSession],
        ["an empty append", () => log.append(address, [], { operation: operationOf("x") }), ofSession],
        ["a retraction", () => log.append(address, [retracts(range(5))]), ofSession],
        ["an erase", () => log.erase(address, { seqs: [range(3)] }), ofSession],
        ["a trim", () => log.trim(address, { beforeSeq: 2 }), ofSession],
        ["new metadata", () => other.touch(address, { metadata: { topic: "new" } }), ofSession],
        ["a put in the session", () => documents.put(note, { value: 1 }), ofSession],
        ["a touch of a session's document", () => documents.touch(note, { ttlMs: 600_000 }), ofSession],
        ["a delete in the session", () => documents.delete(note), ofSession],
        ["a put of an owner", () => documents.put(memory, { value: 1 }), "owner users/u1"],
        ["a putMany", () => documents.putMany([{ address: memory, value: 2 }]), "owner users/u1"],
        [
          "a touch of an owner's document",
          () => documents.touch(memory, { ttlMs: 600_000 }),
          "owner users/u1",
        ],
        ["a deleteMany", () => documents.deleteMany([{ address: memory }]), "owner users/u1"],
        ["a put under one element", () => documents.put(short, { value: 1 }), "owner shared"],
        ["a delete", () => documents.delete(short), "owner shared"],
        ...(transfer === undefined
          ? []
          : ([
              ["a seal", () => transfer.seal(address), ofSession],
              ["an unseal", () => transfer.unseal(address), ofSession],
            ] as const)),
        ["a delete of the session", () => other.delete(address), "session session (ended)"],
      ];
      for (const [what, write, name] of steps) {
        await write();
        await expectReports(context, consumer, [name], `units after ${what}`);
      }
      await log.read(address);
      await log.head(address);
      await documents.get(memory);
      await documents.find({ tenant: context.tenant });
      await log.list(context.tenant);
      await expectReports(context, consumer, [], "units after reads");
    },
  },
  {
    id: "feed/unit-stands-once-at-its-newest-write",
    area: "feed",
    needs: ["feed"],
    contract:
      "A unit stands once, at the place of its newest write; a session is reported with the incarnation that lives now.",
    async run(context) {
      if (context.store.feed === undefined) return;
      const { log, documents } = context.store;
      const write = (session: string): ReturnType<typeof log.append> =>
        log.append(addressOf(context, session), [says("x")]);
      for (const session of ["a", "b", "c", "a", "d", "b"]) await write(session);
      await documents.put({ tenant: context.tenant, namespace: ["users", "u1"], key: "k" }, { value: 1 });
      await write("c");
      const { incarnation } = await write("d");
      const expected = ["session a", "session b", "owner users/u1", "session c", "session d"];
      for (const limit of [1, 2, 100]) {
        await eventually(context, async () => {
          const consumer = new Consumer(context.other, context.tenant, "beginning", limit);
          const units = await consumer.rest();
          equal(namesOf(units).toSorted(), expected.toSorted(), `units in pages of ${limit}`);
          const last = units.find((unit) => nameOf(unit) === "session d");
          equal(last?.kind === "session" && last.incarnation, incarnation, "the incarnation of a session");
        });
      }
    },
  },
  {
    id: "feed/consumers-have-their-own-cursors",
    area: "feed",
    needs: ["feed"],
    contract:
      "Consumers do not disturb each other: each sees every unit written after its own cursor, and nothing that was not written since.",
    async run(context) {
      if (context.store.feed === undefined) return;
      const write = (session: string): Promise<unknown> =>
        context.store.log.append(addressOf(context, session), [says("x")]);
      const early = new Consumer(context.store, context.tenant, "beginning");
      const idle = new Consumer(context.other, context.tenant, "beginning");
      await write("a");
      await expectReports(context, early, ["session a"], "what the first consumer sees");
      const late = new Consumer(context.other, context.tenant, "now");
      equal(await late.next(), [], "the first page of a consumer that begins now");
      await write("b");
      await expectReports(context, early, ["session b"], "what the first consumer sees after a write");
      await expectReports(context, late, ["session b"], "what the late consumer sees");
      await expectReports(context, early, [], "what the first consumer sees without a write");
      await write("a");
      await expectReports(context, late, ["session a"], "what the late consumer sees after another write");
      await expectReports(context, early, ["session a"], "what the first consumer sees then");
      await expectReports(
        context,
        idle,
        ["session a", "session b"],
        "what a consumer sees that never looked",
      );
    },
  },
  {
    id: "feed/nothing-is-missed",
    area: "feed",
    needs: ["feed"],
    contract:
      "A consumer that reads each reported unit knows the newest state of all when it has caught up, however many write at once through both handles.",
    async run(context) {
      if (context.store.feed === undefined) return;
      const sessions = Array.from({ length: 6 }, (_, index) => `s-${index}`);
      const { tenant } = context;
      const owners = Array.from({ length: 3 }, (_, index) => `u-${index}`);
      const documentOf = (owner: string): Parameters<typeof context.store.documents.get>[0] => ({
        tenant,
        namespace: ["users", owner],
        key: "k",
      });
      const handles = [context.store, context.other];
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        const { log, documents } = handles[writer % 2] ?? context.store;
        for (let round = 0; round < 12; round++) {
          await log.append(addressOf(context, sessions[(round * 5 + writer) % 6]), [says(`${writer}`)]);
          await documents.put(documentOf(owners[(round + writer) % 3] ?? ""), { value: [writer, round] });
        }
      });
      const known = new Map<string, number>();
      const consumer = new Consumer(context.other, tenant, "beginning", 2);
      const learn = async (unit: ChangedUnit): Promise<void> => {
        if (unit.kind === "session") {
          const head = await context.other.log.head(addressOf(context, unit.session));
          known.set(unit.session, head?.version ?? 0);
          return;
        }
        const [, owner = ""] = unit.namespace;
        known.set(owner, (await context.other.documents.get(documentOf(owner)))?.version ?? 0);
      };
      let writing = true;
      const written = inBackground(
        Promise.all(writers).finally(() => {
          writing = false;
        }),
      );
      while (writing) for (const unit of await consumer.next()) await learn(unit);
      await written;
      const truth = new Map<string, number>();
      for (const session of sessions)
        truth.set(session, (await context.store.log.head(addressOf(context, session)))?.version ?? 0);
      for (const owner of owners)
        truth.set(owner, (await context.store.documents.get(documentOf(owner)))?.version ?? 0);
      await eventually(context, async () => {
        for (const unit of await consumer.rest()) await learn(unit);
        for (const [name, version] of truth) equal(known.get(name), version, `what is known of ${name}`);
      });
    },
  },
  {
    id: "feed/what-ends-is-reported",
    area: "feed",
    needs: ["feed", "maintenance"],
    contract:
      "A session that is deleted, or expires and is removed, is reported without an incarnation, and so is the owner of a document that expires; one that begins again is reported with the new incarnation.",
    async run(context) {
      const { maintenance, feed, log, documents } = context.store;
      if (maintenance === undefined || feed === undefined) return;
      for (const session of ["deleted", "expired", "again"])
        await log.append(addressOf(context, session), [says("x")]);
      const memory = { tenant: context.tenant, namespace: ["users", "u1"], key: "k" };
      await documents.put(memory, { value: 1, ttlMs: 1_000 });
      const consumer = new Consumer(context.other, context.tenant, "beginning");
      const all = ["session deleted", "session expired", "session again", "owner users/u1"];
      await expectReports(context, consumer, all, "units before anything ends");
      await log.delete(addressOf(context, "deleted"));
      await log.delete(addressOf(context, "again"));
      const { incarnation } = await log.append(addressOf(context, "again"), [says("anew")]);
      await letExpire(context, addressOf(context, "expired"));
      await context.advance(1_100);
      const seen = new Map<string, ChangedUnit>();
      await eventually({ ...context, lagMs: Math.max(context.lagMs ?? 0, 2_000) }, async () => {
        await maintenance.expire();
        for (const unit of await consumer.rest())
          seen.set(unit.kind === "session" ? unit.session : nameOf(unit), unit);
        equal(
          [...seen.keys()].toSorted(),
          ["again", "deleted", "expired", "owner users/u1"],
          "what is reported",
        );
        const ended = ["deleted", "expired"].map((name) => nameOf(present(seen.get(name), name)));
        equal(ended, ["session deleted (ended)", "session expired (ended)"], "those that ended");
      });
      equal(
        seen.get("again"),
        { kind: "session", session: "again", incarnation },
        "the one that began again",
      );
    },
  },
  {
    id: "feed/imports-are-reported",
    area: "feed",
    needs: ["feed", "transfer"],
    contract: "An import reports the session that it adds to; one that changes nothing may be left out.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (context.store.feed === undefined || log === undefined || other === undefined) return;
      const address = addressOf(context);
      const copy = { tenant: `${context.tenant}-archive`, session: "copy" };
      await log.append(address, messages(4));
      await log.seal(address);
      const consumer = new Consumer(context.other, copy.tenant, "beginning");
      for (const batch of await exportAll(log, address, 2)) {
        await other.importEvents(copy, batch);
        await expectReports(context, consumer, ["session copy"], "units after an import");
      }
    },
  },
  {
    id: "feed/tenants-are-apart",
    area: "feed",
    needs: ["feed"],
    contract:
      "A feed reports units of its own tenant alone, whatever a cursor says; cursors that are none, or come with `from`, are refused.",
    async run(context) {
      const { feed, log } = context.store;
      if (feed === undefined) return;
      const { tenant } = context;
      const foreign = `${tenant}2`;
      for (const session of ["a", "b"]) await log.append({ tenant, session }, [says("x")]);
      for (const session of ["secret-1", "secret-2"])
        await log.append({ tenant: foreign, session }, [says("x")]);
      await expectReports(
        context,
        new Consumer(context.store, tenant, "beginning"),
        ["session a", "session b"],
        "units of the tenant",
      );
      const { cursor } = await feed.changes(foreign, { limit: 1 });
      // Whether the cursor of another tenant is refused is the store's choice; that nothing of it shows is not.
      const units = await feed.changes(tenant, { cursor }).then(
        (page) => namesOf(page.units),
        () => [],
      );
      check(!units.some((name) => name.includes("secret")), "a foreign cursor shows what is foreign");
      for (const forged of ["x", "!!", encodeCursor("sessions", ["a"]), encodeCursor("changes", [7]), ""])
        await refuses(feed.changes(tenant, { cursor: forged }), "invalid-input", `cursor ${forged}`);
      await refuses(feed.changes(tenant, { cursor, from: "now" }), "invalid-input", "a cursor with from");
      await refuses(feed.changes(tenant, { from: "then" as never }), "invalid-input", "from: then");
    },
  },
];
