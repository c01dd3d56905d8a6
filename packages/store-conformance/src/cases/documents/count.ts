import type { CountOptions, DocumentScope } from "@relevo/core";
import { equal } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf } from "../../samples.ts";
import {
  bothHandles,
  caseOf,
  findAll,
  ofSession,
  pastShortTtlMs,
  refusedWithAny,
  settle,
  shortTtlMs,
  standAlone,
} from "./support.ts";

const namespaces: readonly (readonly string[])[] = [
  ["a"],
  ["a", "b"],
  ["a", "b", "c"],
  ["a", "bc"],
  ["ab"],
  ["b", "a"],
];

/** Every place that is counted, in the scope of the tenant or of the session. */
function placesOf(context: CaseContext): readonly (readonly [DocumentScope, CountOptions | undefined])[] {
  const places = [[], ["c"], ...namespaces].flatMap((namespace): CountOptions[] => [
    { namespacePrefix: namespace },
    ...(namespace.length === 0 ? [] : [{ namespace }]),
  ]);
  const scopes: readonly DocumentScope[] = [
    { tenant: context.tenant },
    addressOf(context, "s"),
    addressOf(context, "nothing"),
  ];
  return scopes.flatMap((scope) => [undefined, ...places].map((place) => [scope, place] as const));
}

async function expectCounts(context: CaseContext, when: string): Promise<void> {
  await settle(context);
  for (const [name, store] of bothHandles(context))
    for (const [scope, place] of placesOf(context)) {
      const found = await findAll(context, store, scope, { ...place, limit: 3 });
      equal(
        await store.documents.count(scope, place),
        found.length,
        `${name}: ${when}, the count of ${JSON.stringify([scope.session, place])}`,
      );
    }
}

/** What `count` promises. */
export const countCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "count-is-what-find-finds",
    "count is how many documents all pages of find have: of a scope, a namespace or all below one, without what has expired, was deleted or ended with its session.",
    async (context) => {
      const { documents, log } = context.store;
      const put = async (namespace: readonly string[], key: string, ttlMs?: number): Promise<void> => {
        const input = { value: key, ...(ttlMs === undefined ? {} : { ttlMs }) };
        await documents.put(standAlone(context, key, namespace), input);
        await documents.put({ ...ofSession(addressOf(context, "s"), key), namespace }, input);
      };
      for (const [index, namespace] of namespaces.entries())
        for (let key = 0; key <= index; key++)
          await put(namespace, `k${key}`, key === 1 ? 600_000 : undefined);
      await documents.delete(standAlone(context, "k0", ["a", "b"]));
      await put(["a", "b", "c"], "k2");
      await expectCounts(context, "at first");
      equal(await documents.count({ tenant: context.tenant }), 20, "all that stand alone");
      equal(await documents.count({ tenant: context.tenant }, { namespacePrefix: ["a"] }), 9, "all below a");
      // Nothing is compared before they have expired: a server's clock goes on.
      for (const namespace of namespaces) await put(namespace, "k1", shortTtlMs);
      await put(["a", "bc"], "k9", shortTtlMs);
      await context.advance(pastShortTtlMs);
      await expectCounts(context, "after some have expired");
      equal(await documents.count({ tenant: context.tenant }), 15, "those that are left");
      await put(["a", "b"], "k1");
      await expectCounts(context, "after one has the place of an expired one");
      await log.delete(addressOf(context, "s"));
      await expectCounts(context, "after the session has ended");
      const both = { namespace: ["a"], namespacePrefix: ["a"] } as CountOptions;
      await refusedWithAny(["invalid-input"], "two places", () =>
        documents.count({ tenant: context.tenant }, both),
      );
    },
  ),
];
