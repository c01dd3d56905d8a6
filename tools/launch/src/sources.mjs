// Loaded with `--import` before the lead pipeline: the packages of the workspace are imported from their sources, whose
// types Node.js 24 strips itself, so that `npm start` needs neither a build nor the tools of one.
import { existsSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";

const root = new URL("../../../", import.meta.url);
const application = new URL("apps/lead-pipeline/package.json", root).href;

/** @type {Map<string, string | undefined>} */
const known = new Map();

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (!known.has(specifier)) known.set(specifier, sourceOf(specifier));
    const url = known.get(specifier);
    if (url !== undefined) return { url, shortCircuit: true };
    try {
      return nextResolve(specifier, context);
    } catch (error) {
      // A peer dependency is what the application has installed. In a workspace it is beside the application alone.
      if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
      if (/^[./]|:/u.test(specifier)) throw error;
      return nextResolve(specifier, { ...context, parentURL: application });
    }
  },
});

/**
 * The source of a public entry of one of our packages; `undefined` for everything else.
 *
 * @param {string} specifier
 * @returns {string | undefined}
 */
function sourceOf(specifier) {
  const [, name, subpath] = /^@relevo\/([^/]+)(\/.*)?$/u.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const folder = new URL(`packages/${name}/`, root);
  const manifest = new URL("package.json", folder);
  if (!existsSync(manifest)) return undefined;
  /** @type {{ exports: Record<string, string | { default: string }> }} */
  const { exports } = JSON.parse(readFileSync(manifest, "utf8"));
  const entry = exports[`.${subpath ?? ""}`];
  if (typeof entry !== "object") return undefined;
  return new URL(entry.default.replace(/^\.\/dist\/(.*)\.js$/u, "./src/$1.ts"), folder).href;
}
