import { allPages } from "@relevo/core";
import { check, equal, eventually, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { addressOf, letExpire, messages, operationOf, says, stateOf, textsOf } from "../../samples.ts";
import { everyCall } from "./every-call.ts";

/** The cases of closing, aborting and upkeep. */
export const lifecycleCases: readonly ConformanceCase[] = [
  {
    id: "lifecycle/close-ends-a-handle",
    area: "lifecycle",
    contract:
      "After `close` every call through the handle is refused with `closed`; closing again is no error, and the other handle works on.",
    async run(context) {
      const address = addressOf(context);
      await context.store.log.append(address, [says("one")], { operation: operationOf("send-1") });
      await context.store.close();
      await context.store.close();
      for (const [name, call] of everyCall(context.store, address)) {
        await refuses(call, "closed", `${name} after close`);
      }
      await context.store.close();
      equal(await textsOf(context.other.log, address), ["one"], "the log through the other handle");
      await context.other.log.append(address, [says("two")]);
      equal(await textsOf(context.other.log, address), ["one", "two"], "the log after a write through it");
    },
  },
  {
    id: "lifecycle/dispose-closes",
    area: "lifecycle",
    contract: "`await using` closes the store at the end of the block.",
    async run(context) {
      const address = addressOf(context);
      {
        await using store = context.store;
        await store.log.append(address, [says("one")]);
      }
      await refuses(() => context.store.log.head(address), "closed", "a head after the block");
      equal(await textsOf(context.other.log, address), ["one"], "the log through the other handle");
    },
  },
  {
    id: "lifecycle/aborted-calls-do-nothing",
    area: "lifecycle",
    contract:
      "Every call whose signal has fired before is `aborted`, says that nothing was applied, and tells the truth.",
    async run(context) {
      const address = addressOf(context);
      const { log, documents } = context.store;
      const document = { ...address, namespace: ["notes"], key: "k" };
      await log.append(address, messages(2), { operation: operationOf("send-1"), ttlMs: 600_000 });
      await documents.put(document, { value: "before" });
      const before = [await stateOf(log, address), await documents.get(document)];
      const reason = new Error("no longer needed");
      for (const [name, call] of everyCall(context.store, address, { signal: AbortSignal.abort(reason) })) {
        const error = await refuses(call, "aborted", `${name} with a signal that has fired`);
        equal(error.cause, reason, `the cause of ${name}`);
      }
      const after = [await stateOf(context.other.log, address), await context.other.documents.get(document)];
      equal(after, before, "session and document after aborted calls");
      equal(await log.operation(address, "late"), undefined, "the aborted operation");
      const { signal } = new AbortController();
      await log.append(address, [says("three")], { signal });
      equal((await textsOf(log, address)).length, 3, "events after a call with a quiet signal");
    },
  },
  {
    id: "lifecycle/tenants-are-listed",
    area: "lifecycle",
    needs: ["maintenance"],
    contract: "`tenants` lists every tenant with a session or a document once, over pages of any size.",
    async run(context) {
      const { maintenance } = context.store;
      if (maintenance === undefined) return;
      const created = ["", "1", "10", ":a", "😀", "\uff5e"].map((suffix) => `${context.tenant}${suffix}`);
      for (const [index, tenant] of created.entries()) {
        if (index % 2 === 0) await context.store.log.append({ tenant, session: "s" }, [says("x")]);
        else await context.other.documents.put({ tenant, namespace: ["notes"], key: "k" }, { value: 1 });
      }
      for (const limit of [1, 2, 1000]) {
        await eventually(context, async () => {
          const tenants: string[] = [];
          for await (const tenant of allPages((cursor) => maintenance.tenants({ limit, ...cursor })))
            tenants.push(tenant);
          equal(
            tenants.filter((tenant) => created.includes(tenant)).toSorted(),
            created.toSorted(),
            `the tenants in pages of ${limit}`,
          );
        });
      }
      const page = await maintenance.tenants({ limit: 2 });
      check(page.items.length <= 2, `${page.items.length} tenants under limit 2`);
      for (const cursor of ["x", "e30"]) {
        await refuses(() => maintenance.tenants({ cursor }), "invalid-input", `the cursor ${cursor}`);
      }
    },
  },
  {
    id: "lifecycle/expire-takes-the-expired-only",
    area: "lifecycle",
    needs: ["maintenance"],
    contract:
      "`expire` removes at most `limit` at a time of what has expired, tells when there may be more, comes to an end, and leaves all else alone.",
    async run(context) {
      const { maintenance, log, documents } = context.store;
      if (maintenance === undefined) return;
      // On a server that other cases share, what they left to expire goes first.
      for (let turn = 0; turn < 20 && (await maintenance.expire({ limit: 1000 })).more; turn++);
      const lasting = addressOf(context, "lasting");
      const note = (key: string): Parameters<typeof documents.get>[0] => ({
        tenant: context.tenant,
        namespace: ["notes"],
        key,
      });
      await log.append(lasting, messages(2), { ttlMs: 600_000 });
      await documents.put(note("lasting"), { value: 1, ttlMs: 600_000 });
      const before = [await stateOf(log, lasting), await documents.get(note("lasting"))];
      for (const turn of [1, 2, 3]) {
        await log.append(addressOf(context, `brief ${turn}`), messages(2));
        await documents.put(note(`brief ${turn}`), { value: 1, ttlMs: 1 });
        await letExpire(context, addressOf(context, `brief ${turn}`));
      }
      let more = true;
      for (let turn = 0; more; turn++) {
        const result = await maintenance.expire({ limit: 2 });
        check(result.sessions + result.documents <= 2, `${JSON.stringify(result)} under limit 2`);
        check(turn < 200, "expire does not come to an end");
        ({ more } = result);
      }
      for (const turn of [1, 2, 3]) {
        equal(
          await log.head(addressOf(context, `brief ${turn}`)),
          undefined,
          "the head of an expired session",
        );
        equal(await documents.get(note(`brief ${turn}`)), undefined, "an expired document");
      }
      const after = [
        await stateOf(context.other.log, lasting),
        await context.other.documents.get(note("lasting")),
      ];
      equal(after, before, "what has not expired");
      await log.append(addressOf(context, "brief 1"), [says("anew")]);
      equal(await textsOf(log, addressOf(context, "brief 1")), ["anew"], "a session after its expiry");
    },
  },
  {
    id: "lifecycle/durability-is-stated",
    area: "lifecycle",
    needs: ["maintenance"],
    contract: "`durability` states what an acknowledged write survives, as one of four grades and in words.",
    async run(context) {
      const { maintenance } = context.store;
      if (maintenance === undefined) return;
      const { survives, detail } = await maintenance.durability();
      const grades = ["nothing", "all-but-seconds", "process-crash", "machine-crash"];
      check(grades.includes(survives), `survives is ${survives}`);
      check(typeof detail === "string" && detail.trim().length > 0, "the detail is empty");
      equal(
        await context.other.maintenance?.durability(),
        { survives, detail },
        "the other handle's statement",
      );
    },
  },
];
