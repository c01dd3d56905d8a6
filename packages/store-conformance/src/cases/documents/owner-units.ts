import type { DocumentAddress } from "@relevo/core";
import { equal, inBackground, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { bothHandles, caseOf, changesNothing, conflicts, findAll, standAlone } from "./support.ts";

/** A value and its history: two namespaces of one owner, and the owner's own. */
function ofOwner(context: CaseContext, owner = "u1"): readonly DocumentAddress[] {
  return [
    standAlone(context, "name", ["users", owner, "values"]),
    standAlone(context, "name", ["users", owner, "history", "name"]),
    standAlone(context, "name", ["users", owner]),
  ];
}

/** Batches over the namespaces of one owner: those that share their first two elements. */
export const ownerUnitCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "owner-is-one-unit",
    "putMany, getMany and deleteMany span the namespaces of one owner, all or none: those that share their first two elements.",
    async (context) => {
      const { documents } = context.store;
      const addresses = ofOwner(context);
      const stored = await documents.putMany(addresses.map((address, value) => ({ address, value })));
      for (const [name, store] of bothHandles(context))
        equal(await store.documents.getMany(addresses), stored, `${name} sees other documents`);
      const [first, second, third] = addresses as [DocumentAddress, DocumentAddress, DocumentAddress];
      await changesNothing(context, "A refused putMany over one owner", async () => {
        await conflicts(
          "version",
          "putMany with a stale write in another namespace",
          () =>
            context.other.documents.putMany([
              { address: first, value: "changed" },
              { address: second, value: "changed", expectedVersion: 0 },
              { address: third, value: "changed" },
            ]),
          { index: 1 },
        );
        await conflicts(
          "version",
          "deleteMany with a stale part in another namespace",
          () => documents.deleteMany([{ address: first }, { address: third, expectedVersion: 1e15 }]),
          { index: 1 },
        );
      });
      equal(
        await documents.deleteMany([{ address: first }, { address: second }]),
        2,
        "how many documents a deleteMany over two namespaces removed",
      );
      const left = await findAll(context, context.other, { tenant: context.tenant });
      equal(
        left.map(({ namespace }) => namespace),
        [["users", "u1"]],
        "what is left of the owner",
      );
    },
  ),
  caseOf(
    "documents",
    "owners-are-apart",
    "putMany and deleteMany refuse addresses of two owners: another second element, or none.",
    async (context) => {
      const [own] = ofOwner(context);
      const apart: readonly (readonly [string, readonly string[]])[] = [
        ["another owner", ["users", "u2", "values"]],
        ["an owner whose id begins alike", ["users", "u10", "values"]],
        ["the namespace above", ["users"]],
        ["elements that join alike", ["users\u0001u1", "values"]],
        ["another first element", ["user", "u1", "values"]],
      ];
      for (const [what, namespace] of apart) {
        const left = own as DocumentAddress;
        const right = standAlone(context, "other", namespace);
        await changesNothing(context, `A batch with ${what}`, async () => {
          await refuses(
            () =>
              context.store.documents.putMany([
                { address: left, value: 1 },
                { address: right, value: 2 },
              ]),
            "invalid-input",
            `putMany with ${what}`,
          );
          await refuses(
            () => context.store.documents.deleteMany([{ address: left }, { address: right }]),
            "invalid-input",
            `deleteMany with ${what}`,
          );
        });
      }
    },
  ),
  caseOf(
    "documents",
    "owner-is-read-at-one-moment",
    "getMany over the namespaces of one owner shows every putMany over them wholly or not at all.",
    async (context) => {
      const addresses = ofOwner(context);
      const write = (value: number): Promise<unknown> =>
        context.other.documents.putMany(addresses.map((address) => ({ address, value })));
      await write(0);
      const writeAll = async (): Promise<void> => {
        for (let value = 1; value <= 25; value++) await write(value);
      };
      const writing = inBackground(writeAll());
      for (let look = 0; look < 25; look++) {
        const found = await context.store.documents.getMany(addresses);
        const values = new Set(found.map((document) => document?.value));
        equal(values.size, 1, `getMany saw half of a putMany: ${[...values].join(", ")}`);
      }
      await writing;
    },
  ),
];
