import { expect, it } from "vitest";
import { checkFileLength } from "../src/check-file-length.ts";
import { checkImports, type Member } from "../src/check-imports.ts";
import { importsOf } from "../src/source-files.ts";

interface Parts {
  readonly production?: readonly string[];
  readonly development?: readonly string[];
  readonly files?: { readonly [path: string]: readonly string[] };
}

function member(root: string, { production = [], development = [], files = {} }: Parts = {}): Member {
  const name = `@relevo/${root.split("/")[1]}`;
  return {
    name,
    root,
    targets: [],
    groups: { test: [], slow: [] },
    manifest: {
      name,
      production: new Set(production),
      development: new Set(development),
      entries: new Set([".", "./package.json"]),
    },
    files: Object.entries(files).map(([path, imports]) => ({ path, imports, lines: 1 })),
  };
}

const core = member("packages/core");
const redis = member("packages/store-redis", { production: ["@relevo/core"] });

function problemsOf(subject: Member) {
  return checkImports(subject, [core, redis, subject], new Set(["vitest"]));
}

it("accepts what is declared and allowed", () => {
  const subject = member("packages/store-new", {
    production: ["@relevo/core", "driver"],
    development: ["@relevo/store-redis"],
    files: {
      "src/index.ts": ["@relevo/core", "driver/sub", "node:fs", "./other.ts"],
      "test/a.test.ts": ["vitest", "@relevo/store-redis", "../src/index.ts"],
    },
  });
  expect(problemsOf(subject)).toEqual([]);
});

it("refuses a dependency across the layers, declared or imported", () => {
  const declared = member("packages/store-new", { production: ["@relevo/store-redis"] });
  expect(problemsOf(declared)).toEqual(["store may not depend on store: @relevo/store-redis"]);
  const imported = member("packages/store-new", { files: { "test/a.test.ts": ["@relevo/boundaries-app"] } });
  const app = member("apps/boundaries-app");
  expect(checkImports(imported, [app, imported], new Set())).toContain(
    "store may not depend on app: @relevo/boundaries-app (for its tests)",
  );
});

it("refuses any dependency of core", () => {
  const subject = member("packages/core", { production: ["left-pad"] });
  expect(checkImports(subject, [subject], new Set())).toEqual([
    "core has no dependencies, but declares left-pad",
  ]);
});

it("lets one package use OpenTelemetry, and of it the API alone; tests and apps use what they like", () => {
  const refused = "only handoff-tracing may use OpenTelemetry, and only its API: ";
  const other = member("packages/memory", {
    production: ["@opentelemetry/api"],
    development: ["@opentelemetry/sdk-trace"],
    files: { "src/a.ts": ["@opentelemetry/api"], "test/a.test.ts": ["@opentelemetry/sdk-trace"] },
  });
  expect(problemsOf(other)).toEqual([
    `${refused}declares @opentelemetry/api`,
    `${refused}src/a.ts imports @opentelemetry/api`,
  ]);
  const tracing = (name: string) =>
    problemsOf(member("packages/handoff-tracing", { production: [name], files: { "src/a.ts": [name] } }));
  expect(tracing("@opentelemetry/api")).toEqual([]);
  expect(tracing("@opentelemetry/sdk-trace")).toEqual([
    `${refused}declares @opentelemetry/sdk-trace`,
    `${refused}src/a.ts imports @opentelemetry/sdk-trace`,
  ]);
  expect(problemsOf(member("apps/pipeline", { production: ["@opentelemetry/sdk-trace"] }))).toEqual([]);
});

it("refuses an import that is not declared", () => {
  const subject = member("packages/store-new", {
    development: ["only-for-tests"],
    files: {
      "src/index.ts": ["@relevo/core", "only-for-tests", "vitest"],
      "test/a.test.ts": ["unknown", "only-for-tests"],
    },
  });
  expect(problemsOf(subject)).toEqual([
    "src/index.ts: imports @relevo/core, which is not among its dependencies",
    "src/index.ts: imports only-for-tests, which is not among its dependencies",
    "src/index.ts: imports vitest, which is not among its dependencies",
    "test/a.test.ts: imports unknown, which is not declared",
  ]);
});

it("refuses the internals of another package", () => {
  const subject = member("packages/store-new", {
    production: ["@relevo/core"],
    files: {
      "src/deep/index.ts": ["@relevo/core/dist/order.js", "../../../core/src/order.ts", "../../src/a.ts"],
    },
  });
  expect(problemsOf(subject)).toEqual([
    "src/deep/index.ts: imports @relevo/core/dist/order.js, which is not a public entry of @relevo/core",
    "src/deep/index.ts: imports a file of another project: ../../../core/src/order.ts",
  ]);
});

it("finds every form of import, and none in comments and strings", () => {
  const text = `
    import { a } from "one";
    import type { B } from "two";
    import "three";
    export * from "four";
    export { c } from "five";
    const d = await import("six");
    const e = await import(a);
    // import "no";
    const f = 'import x from "no"';
  `;
  expect(importsOf("a.ts", text)).toEqual(["one", "two", "three", "four", "five", "six"]);
});

it("does not take a file that it cannot read for one without imports", () => {
  expect(() => importsOf("a.ts", "import {")).toThrow(/a\.ts/u);
});

it("refuses files above 400 lines, tests above 600", () => {
  const file = (path: string, lines: number) => ({ path, lines, imports: [] });
  const files = [
    file("src/a.ts", 400),
    file("src/b.ts", 401),
    file("src/scripts.generated.ts", 4000),
    file("test/c.test.ts", 600),
    file("test/d.test.ts", 601),
  ];
  expect(checkFileLength(files)).toEqual([
    "src/b.ts has 401 lines, at most 400 are allowed",
    "test/d.test.ts has 601 lines, at most 600 are allowed",
  ]);
});
