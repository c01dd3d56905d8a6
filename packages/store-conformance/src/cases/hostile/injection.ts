import type { FindOptions, Where } from "@relevo/core";
import { check, equal, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { says } from "../../samples.ts";
import { bothHandles, caseOf, collect, settle, snapshot, standAlone } from "../documents/support.ts";

/** Text that means something to some database, shell, template or pattern. */
const payloads: readonly string[] = [
  ...[
    "' or '1'='1",
    "' or 1=1 --",
    "'; drop table documents; --",
    '"; drop table documents; --',
    "1; delete from documents",
  ],
  ...[
    "' union select * from documents --",
    "') or true --",
    "a' || 'b",
    "\\'; select 1; --",
    "$1",
    "$$",
    ":tenant",
    "?",
    "??",
  ],
  ...[
    "{{7*7}}",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a payload of template engines.
    "${7*7}",
    "#{7*7}",
    "%s%s%s",
    "%27 or 1=1",
    "\u02bc or 1=1",
    "\uff07 or 1=1",
    "$where",
    "$ne",
    '{"$ne": null}',
  ],
  ...[
    "this.a == 1",
    'a"].b',
    "a'].b",
    "$.a",
    "$.*",
    "$..a",
    "a[*]",
    "a[0]",
    "@.a",
    "**",
    "*",
    "[a-z]",
    ".*",
    "^",
    "(?:)",
  ],
  ...[
    "@tag:{*}",
    "-@tag:{a}",
    "(@a:b)",
    "\\*",
    "\\",
    "\r\nFLUSHALL\r\n",
    'EVAL "return 1" 0',
    "\u001b[2J",
    "<script>1</script>",
    "../../etc/passwd",
  ],
];

async function fill(context: CaseContext): Promise<string> {
  const theirs = `${context.tenant}-other`;
  for (const tenant of [context.tenant, theirs]) {
    for (const key of ["a", "b"]) {
      const input = {
        value: { a: `${key} of ${tenant}`, secret: tenant },
        tags: ["t"],
        metadata: { m: key },
      };
      await context.store.documents.put({ tenant, namespace: ["n"], key }, input);
    }
    await context.store.log.append({ tenant, session: "s" }, [says(`said in ${tenant}`)], {
      init: { subject: "u" },
    });
  }
  await settle(context);
  return theirs;
}

/** That filters stay data. */
export const injectionCases: readonly ConformanceCase[] = [
  caseOf(
    "hostile",
    "filters-stay-data",
    "Text that means something to a database selects by equality and nothing else, in every filter: nothing matches, nothing foreign shows, nothing changes.",
    async (context) => {
      const theirs = await fill(context);
      const before = await Promise.all(
        [context.tenant, theirs].map((t) => snapshot(context, context.other, t)),
      );
      const scope = { tenant: context.tenant };
      const nothing = (payload: string): readonly FindOptions[] => [
        { namespace: [payload] },
        { namespacePrefix: [payload] },
        { tags: { any: [payload] } },
        { tags: { all: ["t", payload] } },
        { text: payload },
        { where: { path: ["value", "a"], $eq: payload } },
        { where: { path: ["value", "a"], $in: [payload] } },
        { where: { path: ["value", "a"], $contains: payload } },
        { where: { path: ["value", payload], $exists: true } },
        { where: { path: ["metadata", payload, payload], $eq: "a" } },
        { where: { path: ["value"], $eq: { [payload]: payload } } },
      ];
      for (const [name, store] of bothHandles(context)) {
        for (const payload of payloads) {
          const what = `${name}, ${JSON.stringify(payload)}`;
          for (const options of nothing(payload)) {
            const { items } = await store.documents.find(scope, options);
            equal(items, [], `${what}: find with ${JSON.stringify(options)}`);
          }
          const after = await store.documents.find(scope, { keyAfter: payload });
          check(
            after.items.every(({ metadata, value }) =>
              JSON.stringify([metadata, value]).includes(`of ${context.tenant}"`),
            ),
            `${what}: keyAfter showed a document of another tenant`,
          );
          if (payload !== "*") {
            equal(
              (await store.documents.namespaces(scope, { prefix: [payload] })).items,
              [],
              `${what}: prefix`,
            );
            equal(
              (await store.documents.namespaces(scope, { suffix: [payload] })).items,
              [],
              `${what}: suffix`,
            );
          }
          equal(
            (await store.log.list(context.tenant, { prefix: payload })).items,
            [],
            `${what}: prefix of list`,
          );
          equal(
            (await store.log.list(context.tenant, { subject: payload })).items,
            [],
            `${what}: subject of list`,
          );
          const { events } = await store.log.read({ ...scope, session: "s" }, { agent: payload });
          equal(events, [], `${what}: agent of read`);
        }
      }
      const after = await Promise.all(
        [context.tenant, theirs].map((t) => snapshot(context, context.store, t)),
      );
      equal(after, before, "what both tenants see after all queries");
    },
  ),
  caseOf(
    "hostile",
    "payloads-come-back",
    "The same text is stored and found again as the data that it is.",
    async (context) => {
      for (const [index, payload] of payloads.entries()) {
        const address = standAlone(context, `${String(index).padStart(3, "0")} ${payload}`, ["n", payload]);
        const value = { [payload]: payload, list: [payload] };
        await context.store.documents.put(address, {
          value,
          tags: [payload],
          metadata: { [payload]: payload },
        });
        await context.store.log.append({ tenant: context.tenant, session: payload }, [
          says(payload, { agent: payload }),
        ]);
      }
      await settle(context);
      for (const [name, store] of bothHandles(context)) {
        for (const payload of new Set(payloads)) {
          const filters: readonly FindOptions[] = [
            { namespace: ["n", payload] },
            { tags: { all: [payload] } },
            { where: { path: ["value", payload], $eq: payload } },
            { where: { path: ["metadata", payload], $in: [payload] } },
            { where: { path: ["value", "list"], $contains: payload } },
          ];
          for (const options of filters) {
            const found = await collect((page) =>
              store.documents.find({ tenant: context.tenant }, { ...options, ...page }),
            );
            const values = found.map(({ value }) => value);
            equal(
              values,
              [{ [payload]: payload, list: [payload] }],
              `${name}: find with ${JSON.stringify(options)}`,
            );
          }
          const { events } = await store.log.read(
            { tenant: context.tenant, session: payload },
            { agent: payload },
          );
          const bodies = events.map(({ body }) => body);
          equal(
            bodies,
            [{ role: "user", content: payload }],
            `${name}: messages by ${JSON.stringify(payload)}`,
          );
        }
      }
    },
  ),
  caseOf(
    "hostile",
    "unknown-operators",
    "A where filter with an unknown operator, an operator where a value belongs, or a shape that is none is refused.",
    async (context) => {
      await fill(context);
      const path = ["value", "a"];
      const bad: readonly unknown[] = [
        ...[null, [], "value.a", 7, true, {}, { path }, { path: "value.a", $eq: 1 }, { path: [], $eq: 1 }],
        ...[
          { path: ["tags"], $eq: "t" },
          { path: ["key"], $eq: "a" },
          { path: ["__proto__"], $exists: true },
        ],
        ...[
          { path, $where: "1" },
          { path, $regex: ".*" },
          { path, eq: 1 },
          { path, $EQ: 1 },
          { path, $eq: 1, $or: [] },
        ],
        ...[
          { path, $expr: {} },
          { $where: "1" },
          { $or: [] },
          { or: {} },
          { and: "x" },
          { not: [] },
          { not: null },
        ],
        ...[
          { and: [], or: [] },
          { and: [{ path, $eq: 1 }, {}] },
          { or: [null] },
          { not: { not: { $eq: 1 } } },
        ],
        ...[
          { path, $gt: null },
          { path, $gt: { $ne: 1 } },
          { path, $lt: [1] },
          { path, $lte: true },
        ],
        ...[
          { path, $in: "a" },
          { path, $in: { length: 1 } },
          { path, $exists: 1 },
          { path, $exists: "true" },
        ],
        ...[
          { path, $contains: { $ne: 1 } },
          { path, $contains: ["a"] },
          { path: ["value", 7], $eq: 1 },
        ],
        ...[
          { path: ["value", { a: 1 }], $eq: 1 },
          { path, constructor: 1 },
          { path, hasOwnProperty: "a" },
        ],
        JSON.parse('{"path": ["value"], "__proto__": {"$eq": 1}}'),
        JSON.parse('{"path": ["value"], "$eq": {"__proto__": 1}}'),
      ];
      for (const [name, store] of bothHandles(context)) {
        for (const where of bad) {
          await refuses(
            () => store.documents.find({ tenant: context.tenant }, { where: where as Where }),
            "invalid-input",
            `${name}: find where ${JSON.stringify(where)}`,
          );
        }
        // As a value an operator is data: it equals itself and nothing else.
        const asData: Where = { path: ["value", "a"], $eq: { $ne: null } };
        equal(
          (await store.documents.find({ tenant: context.tenant }, { where: asData })).items,
          [],
          `${name}: as data`,
        );
      }
    },
  ),
];
