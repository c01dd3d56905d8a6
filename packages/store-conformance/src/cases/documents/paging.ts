import { allPages, type Document, type DocumentScope, type FindOptions } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import { encodeCursor } from "@relevo/core/store";
import { check, equal, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { caseOf, collect, findAll, ofSession, refusedWithAny, settle, standAlone } from "./support.ts";

const count = 40;

/** `k000`, `k010`, `k020` …, so that there is room between two of them. */
function keyAt(index: number): string {
  return `k${String(index * 10).padStart(3, "0")}`;
}

/**
 * Reads page by page. After each page others delete what was seen last, and insert and delete around the place
 * that was reached. The documents with an even index stay all the time.
 */
async function pageAmongWrites(
  context: CaseContext,
  scope: DocumentScope,
  options: FindOptions,
): Promise<readonly Document[]> {
  const at = (key: string) => ({ ...scope, namespace: ["list"], key });
  await context.store.documents.putMany(
    Array.from({ length: count }, (_, index) => ({ address: at(keyAt(index)), value: index, tags: ["t"] })),
  );
  if (scope.session === undefined) await settle(context);
  const seen: Document[] = [];
  let round = 0;
  let cursor: string | undefined;
  do {
    const page = await context.other.documents.find(scope, {
      ...options,
      cursor,
    });
    seen.push(...page.items);
    cursor = page.cursor;
    const last = page.items.at(-1);
    if (last !== undefined) {
      const index = Number(last.value);
      if (index % 2 === 1) await context.store.documents.delete(at(last.key));
      for (const step of [-3, 3]) {
        const odd = index % 2 === 0 ? index + step : index + step + 1;
        if (odd % 2 !== 0 && odd >= 0) await context.store.documents.delete(at(keyAt(odd)));
      }
      // Before, beside and behind the place reached, in turn; the value is odd so that it may come or not.
      for (const place of [`a${round}`, `${last.key}5`, `z${round}`]) {
        await context.store.documents.put(at(place), { value: 1, tags: ["t"] });
      }
    }
    check(++round <= 500, "find went on for 500 pages: its cursor does not move on");
  } while (cursor !== undefined && round <= 500);
  return seen;
}

function checkSteady(seen: readonly Document[], direction: "forward" | "backward"): void {
  const keys = seen.map(({ key }) => key);
  const repeated = keys.filter((key, index) => keys.indexOf(key) !== index);
  equal(repeated, [], `${direction}: keys that were returned twice`);
  const steady = Array.from({ length: count / 2 }, (_, index) => keyAt(index * 2));
  const missed = steady.filter((key) => !keys.includes(key));
  equal(missed, [], `${direction}: keys that stood there all the time and were missed`);
  const sorted = keys.toSorted(compareUtf8);
  equal(keys, direction === "forward" ? sorted : sorted.toReversed(), `${direction}: order across pages`);
}

/** What cursors promise. */
export const pagingCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "pages-hold-among-writes",
    "While others insert and delete, pages repeat nothing and miss nothing that stood there all the time, in both directions.",
    async (context) => {
      for (const direction of ["forward", "backward"] as const) {
        for (const options of [{}, { tags: { any: ["t"] } }, { namespacePrefix: ["list"] }]) {
          for (const session of [undefined, `s-${direction}-${Object.keys(options).join()}`]) {
            const scope = { tenant: context.tenant, ...(session === undefined ? {} : { session }) };
            checkSteady(
              await pageAmongWrites(context, scope, { ...options, direction, limit: 3 }),
              direction,
            );
            if (session !== undefined) continue;
            const left = await findAll(context, context.store, scope);
            await context.store.documents.deleteMany(
              left.map(({ key }) => ({ address: { ...scope, namespace: ["list"], key } })),
            );
          }
        }
      }
    },
  ),
  caseOf(
    "documents",
    "filtered-pages-come-to-an-end",
    "Pages of a filtered find hold everything that the filter selects, once each, and the last has no cursor.",
    async (context) => {
      const scope = { tenant: context.tenant };
      await context.store.documents.putMany(
        Array.from({ length: 60 }, (_, index) => ({
          address: standAlone(context, keyAt(index)),
          value: { index },
          tags: index % 10 === 0 ? ["tenth"] : ["other"],
        })),
      );
      await settle(context);
      const expected = [0, 10, 20, 30, 40, 50].map(keyAt);
      const filters: readonly FindOptions[] = [
        { tags: { any: ["tenth"] } },
        { where: { path: ["value", "index"], $in: [0, 10, 20, 30, 40, 50] } },
      ];
      for (const filter of filters) {
        for (const limit of [1, 2, 6, 1000]) {
          const found = await collect((page) =>
            context.other.documents.find(scope, { ...filter, limit, ...page }),
          );
          equal(
            found.map(({ key }) => key),
            expected,
            `keys of ${JSON.stringify(filter)} in pages of ${limit}`,
          );
        }
      }
      const none = await collect((page) =>
        context.other.documents.find(scope, { tags: { any: ["none"] }, ...page }),
      );
      equal(none, [], "documents with a tag that none has");
    },
  ),
  caseOf(
    "documents",
    "foreign-cursors-are-refused",
    "A cursor that no page of this kind of query returned is refused as invalid input.",
    async (context) => {
      const session = { tenant: context.tenant, session: "s" };
      const { documents, log } = context.store;
      for (const key of ["a", "b", "c"]) {
        await documents.put(ofSession(session, key, [key]), { value: 1 });
        await log.touch({ tenant: context.tenant, session: key });
        await documents.put({ tenant: context.tenant, session: key, namespace: ["n"], key }, { value: 1 });
      }
      await settle(context);
      const cursors = {
        find: present((await documents.find(session, { limit: 1 })).cursor, "cursor of find"),
        namespaces: present(
          (await documents.namespaces(session, { limit: 1 })).cursor,
          "cursor of namespaces",
        ),
        list: present((await log.list(context.tenant, { limit: 1 })).cursor, "cursor of list"),
      };
      const lists = {
        find: (cursor: string) => context.other.documents.find(session, { cursor }),
        namespaces: (cursor: string) => context.other.documents.namespaces(session, { cursor }),
        list: (cursor: string) => context.other.log.list(context.tenant, { cursor }),
      };
      const garbage = [
        "",
        "%%%",
        "bm90IGpzb24",
        "W10",
        "eyJhIjoxfQ",
        "x".repeat(100_000),
        "\0",
        "' or 1=1 --",
      ];
      const forged = [
        encodeCursor("documents", ["not an array", "k"]),
        encodeCursor("documents", [["a"], { $gt: "" }]),
        encodeCursor("documents", [["a"]]),
        encodeCursor("documents", [["a", "\0"], "k"]),
        encodeCursor("documents", [["a"], ""]),
      ];
      for (const [method, list] of Object.entries(lists)) {
        for (const [origin, cursor] of Object.entries(cursors)) {
          if (origin === method) continue;
          await refuses(() => list(cursor), "invalid-input", `${method} with a cursor of ${origin}`);
        }
        for (const cursor of garbage) {
          const what = `${method} with the cursor ${JSON.stringify(cursor.slice(0, 20))}`;
          await refuses(() => list(cursor), "invalid-input", what);
        }
      }
      for (const cursor of forged) {
        await refusedWithAny(["invalid-input", "too-large"], "find with a forged cursor", () =>
          lists.find(cursor),
        );
      }
    },
  ),
  caseOf(
    "documents",
    "cursors-grant-nothing",
    "A cursor taken in one scope and used in another returns only what the other scope holds.",
    async (context) => {
      const foreign = { tenant: `${context.tenant}-other` };
      const scopes: readonly DocumentScope[] = [
        { tenant: context.tenant },
        { tenant: context.tenant, session: "s" },
        foreign,
        { ...foreign, session: "s" },
      ];
      for (const [index, scope] of scopes.entries()) {
        for (const key of ["a", "b", "c", "d"]) {
          await context.store.documents.put({ ...scope, namespace: ["n"], key }, { value: index });
        }
      }
      await settle(context);
      for (const [from, origin] of scopes.entries()) {
        const { cursor } = await context.store.documents.find(origin, { limit: 2 });
        const start = present(cursor, "cursor of the first page");
        for (const [index, scope] of scopes.entries()) {
          const rest: Document[] = [];
          for await (const document of allPages((page) =>
            context.other.documents.find(scope, { limit: 1, cursor: start, ...page }),
          )) {
            rest.push(document);
          }
          const values = rest.map(({ value }) => value);
          equal(values, [index, index], `values of scope ${index} after a cursor of scope ${from}`);
        }
      }
    },
  ),
];
