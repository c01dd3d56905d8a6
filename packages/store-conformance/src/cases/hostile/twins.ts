import type { DocumentAddress, DocumentScope } from "@relevo/core";
import { equal } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { says, textsOf } from "../../samples.ts";
import { bothHandles, caseOf, collect, findAll, settle } from "../documents/support.ts";

/** Ids that some layer below might take for each other, or for something else than an id. */
const twins: readonly string[] = [
  ...["tenant1", "tenant10", "tenant", "Tenant1", "TENANT1", "tenant1 ", " tenant1", "tenant\t1"],
  ...["a", "b", "a:b", "a::b", "a:", ":b", "a/b", "a\\b", "a.b", "a,b", "a|b", "a-b", "a_b", "aXb"],
  ...["{a}", "{a}b", "[a]", "(a)", "<a>", "a*", "*", "**", "?", "%", "_", "a%", "%a", "$", "$1", "^a", "a$"],
  ...[
    "..",
    ".",
    "../a",
    "/",
    "//",
    "C:\\a",
    "CON",
    "a\u0001",
    "\u0001",
    "a\u0001b",
    "\u0001b",
    "a\nb",
    "a\r\nb",
  ],
  ...[
    "caf\u00e9",
    "cafe\u0301",
    "\u212b",
    "\u00c5",
    "A\u030a",
    "\ufb01",
    "fi",
    "\u0130",
    "i",
    "I",
    "\u0131",
    "\u00df",
    "ss",
  ],
  ...[
    "\u{1f600}",
    "\uff5e",
    "\ufeffa",
    "a\u200b",
    "\u202ea",
    "\u00a0",
    " ",
    "  ",
    "0",
    "00",
    "-0",
    "1e0",
    "1",
  ],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "length", "null", "undefined"],
  ...[
    "true",
    "NaN",
    "''",
    '"',
    "'",
    "`",
    ";",
    "--",
    "%00",
    "&amp;",
    "'; drop table documents; --",
    "\\",
    "\\0",
  ],
];

function label(id: string): string {
  return JSON.stringify(id);
}

/** That ids which look alike never meet. */
export const twinCases: readonly ConformanceCase[] = [
  caseOf(
    "hostile",
    "twin-tenants",
    "Tenants whose ids look alike, contain one another or hold wildcards see only what is theirs.",
    async (context) => {
      const tenants = twins.map((id) => `${context.tenant}${id}`);
      for (const [index, tenant] of tenants.entries()) {
        const value = `of ${index}`;
        await context.store.documents.put({ tenant, namespace: ["n"], key: "k" }, { value, tags: ["t"] });
        await context.store.log.append({ tenant, session: "s" }, [says(value)]);
        await context.store.documents.put({ tenant, session: "s", namespace: ["n"], key: "k" }, { value });
      }
      await settle(context);
      for (const [name, store] of bothHandles(context)) {
        for (const [index, tenant] of tenants.entries()) {
          const expected = [`of ${index}`];
          const what = `${name}, tenant ${label(twins[index] ?? "")}`;
          const found = await collect((page) =>
            store.documents.find({ tenant }, { tags: { any: ["t"] }, ...page }),
          );
          equal(
            found.map(({ value }) => value),
            expected,
            `${what}: documents found`,
          );
          const inside = await findAll(context, store, { tenant, session: "s" });
          equal(
            inside.map(({ value }) => value),
            expected,
            `${what}: session documents found`,
          );
          equal(await textsOf(store.log, { tenant, session: "s" }), expected, `${what}: messages`);
          const heads = await collect((page) => store.log.list(tenant, page));
          equal(
            heads.map(({ session }) => session),
            ["s"],
            `${what}: sessions`,
          );
        }
      }
    },
  ),
  caseOf(
    "hostile",
    "twin-sessions",
    "Sessions whose ids look alike, contain one another or hold wildcards have logs and documents of their own.",
    async (context) => {
      const { tenant } = context;
      for (const session of twins) {
        await context.store.log.append({ tenant, session }, [says(`in ${session}`)]);
        const address = { tenant, session, namespace: ["n"], key: "k" };
        await context.store.documents.put(address, { value: session });
      }
      await settle(context);
      for (const [name, store] of bothHandles(context)) {
        for (const session of twins) {
          const what = `${name}, session ${label(session)}`;
          equal(await textsOf(store.log, { tenant, session }), [`in ${session}`], `${what}: messages`);
          const found = await findAll(context, store, { tenant, session });
          equal(
            found.map(({ value }) => value),
            [session],
            `${what}: documents`,
          );
          const listed = await collect((page) => store.log.list(tenant, { prefix: session, ...page }));
          const expected = twins.filter((twin) => twin.startsWith(session));
          equal(
            new Set(listed.map((head) => head.session)),
            new Set(expected),
            `${what}: as a prefix of list`,
          );
        }
      }
      for (const [index, session] of twins.entries()) {
        if (index % 2 === 0) await context.store.log.delete({ tenant, session });
      }
      await settle(context);
      const left = await collect((page) => context.other.log.list(tenant, page));
      const odd = twins.filter((_, index) => index % 2 === 1);
      equal(
        new Set(left.map(({ session }) => session)),
        new Set(odd),
        "sessions left after every other was deleted",
      );
    },
  ),
  caseOf(
    "hostile",
    "twin-keys-and-namespaces",
    "Keys and namespaces that look alike or join to the same string are different places, exactly matched and listed.",
    async (context) => {
      for (const session of [undefined, "s"]) {
        const scope: DocumentScope = {
          tenant: context.tenant,
          ...(session === undefined ? {} : { session }),
        };
        const places: DocumentAddress[] = [
          ...twins.map((key) => ({ ...scope, namespace: ["keys"], key })),
          ...twins.map((element) => ({ ...scope, namespace: [element], key: "k" })),
          ...twins.map((element) => ({ ...scope, namespace: [element, "x"], key: "k" })),
          // Joined by anything these would be one: a, b with c; a with b, c; and so on.
          ...["", ":", "/", ".", "\u0001", ",", "|", "\\", "-"].flatMap((joint) => [
            { ...scope, namespace: ["p", `q${joint}r`], key: "s" },
            { ...scope, namespace: [`p${joint}q`, "r"], key: "s" },
            { ...scope, namespace: ["p"], key: `q${joint}r${joint}s` },
            { ...scope, namespace: [`p${joint}q${joint}r`], key: "s" },
          ]),
          { ...scope, namespace: ["p", "q", "r"], key: "s" },
          { ...scope, namespace: ["p", "q"], key: "r" },
        ];
        const unique = [...new Map(places.map((place) => [JSON.stringify(place), place])).values()];
        for (const [index, address] of unique.entries()) {
          await context.store.documents.put(address, { value: index }, { expectedVersion: 0 });
        }
        for (const [name, store] of bothHandles(context)) {
          const values = (await store.documents.getMany(unique)).map((document) => document?.value);
          equal(values, [...unique.keys()], `${name}: values at places that look alike`);
          const found = await findAll(context, store, scope, { limit: 17 });
          equal(found.length, unique.length, `${name}: number of documents found`);
          for (const element of twins) {
            const below = await store.documents.find(scope, { namespacePrefix: [element], limit: 1000 });
            const count = unique.filter(({ namespace }) => namespace[0] === element).length;
            equal(below.items.length, count, `${name}: documents below ${label(element)}`);
            const exact = await store.documents.find(scope, { namespace: [element], limit: 1000 });
            const here = unique.filter(({ namespace }) => namespace.length === 1 && namespace[0] === element);
            equal(exact.items.length, here.length, `${name}: documents in ${label(element)}`);
          }
        }
        await context.store.documents.delete({ ...scope, namespace: ["keys"], key: "%" });
        await context.store.documents.delete({ ...scope, namespace: ["*"], key: "k" });
        const left = await findAll(context, context.other, scope, { limit: 1000 });
        equal(left.length, unique.length - 2, "documents left after two were deleted");
      }
    },
  ),
  caseOf(
    "hostile",
    "twin-tags",
    "Tags that look alike or hold wildcards are different tags.",
    async (context) => {
      const { tenant } = context;
      for (const [index, tag] of twins.entries()) {
        const address = { tenant, namespace: ["n"], key: String(index).padStart(3, "0") };
        await context.store.documents.put(address, { value: tag, tags: [tag] });
      }
      await settle(context);
      for (const [name, store] of bothHandles(context)) {
        for (const tag of twins) {
          for (const tags of [{ any: [tag] }, { all: [tag] }]) {
            const { items } = await store.documents.find({ tenant }, { tags });
            equal(
              items.map(({ value }) => value),
              [tag],
              `${name}: documents with the tag ${label(tag)}`,
            );
          }
        }
      }
    },
  ),
];
