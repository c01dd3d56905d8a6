import { isDocumentTransfer, type Lease } from "@relevo/core";
import { transferLogs } from "../../capabilities.ts";
import { equal, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { addressOf, messages, says, stateOf } from "../../samples.ts";

const hour = 3_600_000;

/** Every call that moves a session takes the fence of the process that moves it. */
export const fenceCases: readonly ConformanceCase[] = [
  {
    id: "transfer/late-mover-changes-nothing",
    area: "transfer",
    needs: ["transfer", "leases"],
    contract:
      "Seal, unseal, delete and the imports of events and documents are a conflict `fence` and change nothing under another fence than the newest granted: where the session is so already, and where there is none, too. Under the newest they are done, whoever appends without one.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      const { documents } = context.store;
      const [leases, others] = [context.store.leases, context.other.leases];
      if (log === undefined || other === undefined || leases === undefined || others === undefined) return;
      const address = addressOf(context);
      const target = { ...address, tenant: `${context.tenant}-archive` };
      const note = { ...address, namespace: ["notes"], key: "k" };
      await log.append(address, messages(2));
      await documents.put(note, { value: 1 });
      await refuses(log.seal(address, { fence: 1 }), "conflict", "a fence that was never granted", {
        conflict: "fence",
        fence: 0,
      });
      const grants = async (place: typeof address): Promise<readonly [late: Lease, newest: Lease]> => {
        const late = await leases.acquire(place, { ttlMs: hour });
        await late.release();
        return [late, await others.acquire(place, { ttlMs: hour })];
      };
      const [late, { fence }] = await grants(address);
      const [lateThere, newestThere] = await grants(target);
      const refusesLate = async (what: string, call: () => Promise<unknown>): Promise<void> => {
        const before = [await stateOf(log, address), await log.head(target)];
        await refuses(call(), "conflict", what, { conflict: "fence" });
        equal([await stateOf(log, address), await log.head(target)], before, `what is there after ${what}`);
      };
      for (const one of [log, other]) {
        await refusesLate("a late seal", () => one.seal(address, { fence: late.fence }));
        await refusesLate("a late unseal of an open session", () =>
          one.unseal(address, { fence: late.fence }),
        );
      }
      await log.append(address, [says("three")]);
      equal((await log.seal(address, { fence })).sealed, true, "sealed by the newest holder");
      await refusesLate("a late unseal", () => other.unseal(address, { fence: late.fence }));
      await refusesLate("a late second seal", () => other.seal(address, { fence: late.fence }));

      const batch = present(await log.exportEvents(address), "the exported batch");
      await refusesLate("a late import of a session", () =>
        other.importEvents(target, batch, { fence: lateThere.fence }),
      );
      const copy = await log.importEvents(target, batch, { fence: newestThere.fence });
      equal([copy.version, copy.sealed], [3, true], "the copy");
      await refusesLate("a late import of what is there", () =>
        log.importEvents(target, batch, { fence: lateThere.fence }),
      );
      if (isDocumentTransfer(documents) && isDocumentTransfer(context.other.documents)) {
        const page = present(await documents.exportDocuments(address), "the exported documents");
        const { cursor: _, ...notes } = page;
        await refusesLate("a late import of documents", () =>
          documents.importDocuments(target, notes, { fence: lateThere.fence }),
        );
        equal((await documents.find(target)).items, [], "documents of the copy");
        const { imported } = await context.other.documents.importDocuments(target, notes, {
          fence: newestThere.fence,
        });
        equal(imported, 1, "documents imported by the newest holder");
      }
      const unsealed = await other.unseal(target, { fence: newestThere.fence });
      equal("sealed" in unsealed, false, "sealed after an unseal by the newest holder");
      await refusesLate("a late delete", () => log.delete(address, { fence: late.fence }));
      equal(await other.delete(address, { fence }), true, "a delete by the newest holder");
      await refusesLate("a late import after the delete", () =>
        log.importEvents(address, batch, { fence: late.fence }),
      );
    },
  },
];
