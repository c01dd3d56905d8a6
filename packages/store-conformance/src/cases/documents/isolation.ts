import type { DocumentAddress, DocumentScope } from "@relevo/core";
import { check, equal } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { bothHandles, caseOf, conflicts, findAll, settle, snapshot } from "./support.ts";

const secret = "the-secret-of-another";

interface Sides {
  readonly mine: { readonly tenant: string };
  readonly theirs: { readonly tenant: string };
}

function sidesOf(context: CaseContext): Sides {
  return { mine: { tenant: context.tenant }, theirs: { tenant: `${context.tenant}0` } };
}

/** The addresses at which the other tenant keeps something: one that stands alone and one of a session. */
function places(scope: { readonly tenant: string }): readonly DocumentAddress[] {
  return [
    { ...scope, namespace: ["notes"], key: "a" },
    { ...scope, session: "s", namespace: ["notes"], key: "a" },
  ];
}

async function fillTheirs(context: CaseContext, sides: Sides): Promise<readonly number[]> {
  const versions: number[] = [];
  for (const address of places(sides.theirs)) {
    // Several versions, so that theirs is unlike any that the other tenant could come to by itself.
    for (let round = 0; round < 5; round++) {
      const input = { value: { secret }, tags: [secret], metadata: { secret } };
      const { version } = await context.other.documents.put(address, input, { init: { subject: secret } });
      if (round === 4) versions.push(version);
    }
  }
  await settle(context);
  return versions;
}

function checkNoTrace(what: string, found: unknown): void {
  const text = found instanceof Error ? `${found.message} ${JSON.stringify(found)}` : JSON.stringify(found);
  check(!(text ?? "").includes(secret), `${what} shows what another tenant stored: ${text?.slice(0, 300)}`);
}

/** That nothing of one tenant reaches another. */
export const isolationCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "tenants-read-apart",
    "No read, find or list of one tenant shows a trace of another with the same sessions, namespaces, keys and tags.",
    async (context) => {
      const sides = sidesOf(context);
      await fillTheirs(context, sides);
      for (const [name, { documents, log }] of bothHandles(context)) {
        const scopes: readonly DocumentScope[] = [sides.mine, { ...sides.mine, session: "s" }];
        for (const address of places(sides.mine)) {
          equal(await documents.get(address), undefined, `${name}: get of another tenant's address`);
          equal(
            await documents.getMany([address]),
            [undefined],
            `${name}: getMany of another tenant's address`,
          );
        }
        for (const scope of scopes) {
          for (const options of [
            {},
            { tags: { any: [secret] } },
            { text: secret },
            { namespace: ["notes"] },
            { where: { path: ["value", "secret"], $eq: secret } as const },
          ]) {
            const { items } = await documents.find(scope, options);
            equal(items, [], `${name}: find with ${JSON.stringify(options)} in an empty tenant`);
          }
          equal((await documents.namespaces(scope)).items, [], `${name}: namespaces of an empty tenant`);
        }
        equal((await log.list(context.tenant)).items, [], `${name}: sessions of an empty tenant`);
        equal(await log.head({ ...sides.mine, session: "s" }), undefined, `${name}: head in an empty tenant`);
      }
    },
  ),
  caseOf(
    "documents",
    "tenants-write-apart",
    "No write of one tenant changes anything of another that uses the same addresses.",
    async (context) => {
      const sides = sidesOf(context);
      await fillTheirs(context, sides);
      const before = await snapshot(context, context.other, sides.theirs.tenant);
      const { documents, log } = context.store;
      for (const address of places(sides.mine)) {
        equal(await documents.delete(address), false, "delete of another tenant's address");
        equal(await documents.deleteMany([{ address }]), 0, "deleteMany of another tenant's address");
        equal(await documents.touch(address, { ttlMs: 1 }), undefined, "touch of another tenant's address");
        await documents.put(address, { value: "mine" }, { expectedVersion: 0 });
        await documents.putMany([{ address, value: "mine too", ttlMs: 1 }]);
        await documents.delete(address);
      }
      await log.delete({ ...sides.mine, session: "s" });
      for (const [name, store] of bothHandles(context)) {
        const after = await snapshot(context, store, sides.theirs.tenant);
        equal(after, before, `${name}: what the other tenant sees after our writes`);
      }
    },
  ),
  caseOf(
    "documents",
    "tenants-fail-apart",
    "A conflict says nothing of another tenant: its version, its value and its session are as if they were not there.",
    async (context) => {
      const sides = sidesOf(context);
      const versions = await fillTheirs(context, sides);
      const { documents } = context.store;
      for (const [index, address] of places(sides.mine).entries()) {
        const expectedVersion = versions[index] ?? 1;
        const calls = [
          ["put", () => documents.put(address, { value: 1 }, { expectedVersion })],
          ["putMany", () => documents.putMany([{ address, value: 1, expectedVersion }])],
        ] as const;
        for (const [method, call] of calls) {
          const what = `${method} that expects another tenant's version`;
          checkNoTrace(what, await conflicts("version", what, call, { version: 0 }));
        }
        const created = await documents.put(address, { value: "mine" }, { expectedVersion: 0 });
        checkNoTrace("a put", created);
        if (created.version !== expectedVersion) {
          const what = "a put with another tenant's version over a document of ours";
          const error = await conflicts("version", what, () =>
            documents.put(address, { value: 2 }, { expectedVersion }),
          );
          checkNoTrace(what, error);
          equal(error.details.version, created.version, "current version in the conflict");
        }
        const theirs = places(sides.theirs)[index];
        if (theirs !== undefined) {
          equal(
            (await context.other.documents.get(theirs))?.version,
            expectedVersion,
            "the other tenant's version",
          );
        }
      }
      checkNoTrace("find", await findAll(context, context.store, sides.mine));
    },
  ),
];
