import { createRequire, syncBuiltinESMExports } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";

const require = createRequire(import.meta.url);

/**
 * Replaces exports of a module of Node.js while the tests of a file run, also for code that has imported them before:
 * an import by name follows what the module exports. Files share their worker, so everything is put back.
 */
export function replaceBuiltin(
  name: "node:timers" | "node:timers/promises" | "node:perf_hooks",
  replacements: { readonly [exported: string]: unknown },
): void {
  const builtin: object = require(name);
  const originals = Object.fromEntries(
    Object.keys(replacements).map((key) => [key, Reflect.get(builtin, key)]),
  );
  const assign = (exports: object) => {
    Object.assign(builtin, exports);
    syncBuiltinESMExports();
  };
  beforeAll(() => assign(replacements));
  afterAll(() => assign(originals));
}

/**
 * How long each pause of the tests of a file was meant to last. Those that nobody can abort and that are longer than
 * `longestMs` end at once: no test waits for them.
 */
export function recordPauses(longestMs = 0): number[] {
  const pauses: number[] = [];
  const pause = sleep;
  replaceBuiltin("node:timers/promises", {
    setTimeout: (ms: number, value?: unknown, options: { readonly signal?: AbortSignal } = {}) => {
      pauses.push(ms);
      return pause(options.signal === undefined && ms > longestMs ? 0 : ms, value, options);
    },
  });
  return pauses;
}
