import type { DocumentAddress } from "@relevo/core";
import { equal, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import {
  bothHandles,
  caseOf,
  changesNothing,
  conflicts,
  keysFound,
  ofSession,
  standAlone,
} from "./support.ts";

/** Pairs of addresses that no atomic write may span. */
function unitsApart(context: CaseContext): readonly (readonly [string, DocumentAddress, DocumentAddress])[] {
  const { tenant } = context;
  const alone = standAlone(context, "x");
  const first = ofSession({ tenant, session: "s1" }, "x");
  return [
    ["two owners", standAlone(context, "x", ["users", "u1"]), standAlone(context, "x", ["users", "u2"])],
    ["two namespaces", alone, standAlone(context, "y", ["others"])],
    ["a namespace and one inside it", alone, standAlone(context, "y", ["notes", "inner"])],
    ["two sessions", first, ofSession({ tenant, session: "s2" }, "y")],
    ["a session and none", first, alone],
    ["two tenants", alone, { ...alone, tenant: `${tenant}-other`, key: "y" }],
    ["one address twice", alone, { ...alone }],
  ];
}

/** What `putMany` and `deleteMany` promise. */
export const batchCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "put-many-stores-all",
    "putMany stores every document of one namespace, or of one session across namespaces, and returns them in order.",
    async (context) => {
      const session = { tenant: context.tenant, session: "s" };
      const batches = [
        ["c", "a", "b"].map((key) => standAlone(context, key)),
        [
          ofSession(session, "b", ["y"]),
          ofSession(session, "a", ["x", "deep"]),
          ofSession(session, "b", ["x"]),
        ],
      ];
      for (const addresses of batches) {
        const stored = await context.store.documents.putMany(
          addresses.map((address, index) => ({ address, value: index, tags: [`t${index}`] })),
        );
        equal(
          stored.map(({ key, namespace, value }) => ({ key, namespace, value })),
          addresses.map(({ key, namespace }, value) => ({ key, namespace, value })),
          "putMany must return the documents in the order of the writes",
        );
        for (const [name, store] of bothHandles(context)) {
          equal(await store.documents.getMany(addresses), stored, `${name} sees other documents`);
        }
      }
    },
  ),
  caseOf(
    "documents",
    "put-many-all-or-none",
    "When one write of a putMany is stale nothing is stored, and details.index names the first that was refused.",
    async (context) => {
      const { documents } = context.store;
      for (const session of [undefined, "s"]) {
        const at = (key: string): DocumentAddress =>
          session === undefined
            ? standAlone(context, key)
            : ofSession({ tenant: context.tenant, session }, key);
        const { version } = await documents.put(at("b"), { value: "kept", tags: ["kept"] });
        await changesNothing(context, "A refused putMany", async () => {
          const error = await conflicts("version", "putMany with a stale write in the middle", () =>
            context.other.documents.putMany([
              { address: at("a"), value: "changed", expectedVersion: 0 },
              { address: at("b"), value: "changed", expectedVersion: version + 1 },
              { address: at("c"), value: "changed", expectedVersion: version + 1 },
            ]),
          );
          equal(error.details.index, 1, "details.index must name the first refused write");
          equal(error.details.version, version, "the conflict must say the current version");
        });
        await documents.putMany([
          { address: at("a"), value: "changed", expectedVersion: 0 },
          { address: at("b"), value: "changed", expectedVersion: version },
        ]);
      }
    },
  ),
  caseOf(
    "documents",
    "batches-stay-in-one-unit",
    "putMany and deleteMany refuse addresses of several owners, sessions or tenants, and an address named twice.",
    async (context) => {
      for (const [what, left, right] of unitsApart(context)) {
        await context.store.documents.put(left, { value: "kept" });
        await changesNothing(context, `A batch over ${what}`, async () => {
          await refuses(
            () =>
              context.store.documents.putMany([
                { address: left, value: 1 },
                { address: right, value: 2 },
              ]),
            "invalid-input",
            `putMany over ${what}`,
          );
          await refuses(
            () => context.store.documents.deleteMany([{ address: left }, { address: right }]),
            "invalid-input",
            `deleteMany over ${what}`,
          );
        });
      }
      await refuses(() => context.store.documents.putMany([]), "invalid-input", "putMany of nothing");
      await refuses(() => context.store.documents.deleteMany([]), "invalid-input", "deleteMany of nothing");
      const foreign = { ...standAlone(context, "x"), tenant: `${context.tenant}-other` };
      await refuses(
        () => context.store.documents.getMany([standAlone(context, "x"), foreign]),
        "invalid-input",
        "getMany over two tenants",
      );
    },
  ),
  caseOf(
    "documents",
    "put-many-is-isolated",
    "Of two putMany calls over the same documents one comes wholly after the other, in whichever order they name them.",
    async (context) => {
      const keys = ["a", "b", "c", "d"];
      const write = (
        handle: CaseContext["store"],
        value: string,
        order: readonly string[],
      ): Promise<unknown> =>
        handle.documents.putMany(order.map((key) => ({ address: standAlone(context, key), value })));
      for (let round = 0; round < 5; round++) {
        await Promise.all([
          write(context.store, `store ${round}`, keys),
          write(context.other, `other ${round}`, keys.toReversed()),
        ]);
        const found = await context.store.documents.getMany(keys.map((key) => standAlone(context, key)));
        const values = new Set(found.map((document) => document?.value));
        equal(values.size, 1, `two batches were mixed: ${[...values].join(", ")}`);
      }
    },
  ),
  caseOf(
    "documents",
    "delete-many-removes-all",
    "deleteMany removes every document that is there and returns how many there were.",
    async (context) => {
      const { documents } = context.store;
      for (const key of ["a", "b", "c"]) await documents.put(standAlone(context, key), { value: key });
      const removed = await documents.deleteMany(
        ["a", "none", "c"].map((key) => ({ address: standAlone(context, key) })),
      );
      equal(removed, 2, "two of the three documents existed");
      for (const [name, store] of bothHandles(context)) {
        const keys = await keysFound(context, store);
        equal(keys, ["b"], `${name} must see what was not named and nothing else`);
      }
    },
  ),
  caseOf(
    "documents",
    "delete-many-all-or-none",
    "When one part of a deleteMany is stale nothing is removed, and details.index names it.",
    async (context) => {
      const { documents } = context.store;
      const a = await documents.put(standAlone(context, "a"), { value: 1 });
      const b = await documents.put(standAlone(context, "b"), { value: 2 });
      await changesNothing(context, "A refused deleteMany", async () => {
        const error = await conflicts("version", "deleteMany with a stale part", () =>
          context.other.documents.deleteMany([
            { address: standAlone(context, "a"), expectedVersion: a.version },
            { address: standAlone(context, "b"), expectedVersion: b.version + 1 },
            { address: standAlone(context, "c") },
          ]),
        );
        equal(error.details.index, 1, "details.index must name the first refused part");
        equal(error.details.version, b.version, "the conflict must say the current version");
      });
    },
  ),
];
