import { defaultLimits, type Limits, MemoryError } from "@relevo/core";
import { requireKnownFields } from "@relevo/core/input";
import type { SessionCacheOptions } from "../cache/cache-options.ts";

/** Variables by name, such as `process.env`. */
export type Environment = { readonly [name: string]: string | undefined };

/** Where a store is, as a variable has it. */
export interface StoreSettings {
  /** The whole address, which may hold a password. */
  readonly url: string;
  /** `RELEVO_SCHEMA`: of the tables, in a store that has any. */
  readonly schema?: string;
  /** `RELEVO_PREFIX`: of the keys, in a store that has any. */
  readonly prefix?: string;
}

/** A store that is to be opened: by the factory of this kind. */
export interface NamedStore extends StoreSettings {
  readonly variable: string;
  readonly kind: string;
}

export interface Settings {
  readonly store?: NamedStore;
  readonly volatile?: NamedStore;
  readonly durable?: NamedStore;
  readonly archive?: NamedStore;
  readonly sessions?: "volatile" | "durable";
  readonly volatileTtlMs?: number | null;
  readonly cache?: SessionCacheOptions | boolean;
  readonly limits?: { readonly [Name in keyof Limits]?: number };
  readonly search: boolean;
}

export interface Mistake {
  readonly variable: string;
  readonly problem: string;
}

const prefix = "RELEVO_";

/** Names without the prefix. */
const variables = [
  "STORE",
  "VOLATILE",
  "DURABLE",
  "ARCHIVE",
  "SESSIONS",
  "SCHEMA",
  "PREFIX",
  "VOLATILE_TTL_MS",
  "CACHE",
  "CACHE_SESSIONS",
  "CACHE_BYTES",
  "CACHE_TTL_MS",
  "SEARCH",
] as const;
type Variable = (typeof variables)[number];

const limitNames = new Map(
  Object.keys(defaultLimits).map((name) => [
    `MAX_${name.replaceAll(/[A-Z]/gu, (letter) => `_${letter}`).toUpperCase()}`,
    name as keyof Limits,
  ]),
);
const known: ReadonlySet<string> = new Set([...variables, ...limitNames.keys()]);

/**
 * Reads the variables. Addresses are not repeated in messages: they may hold passwords.
 *
 * @throws `invalid-input` with every mistake, one line each, and `details.mistakes`.
 */
export function readSettings(environment: Environment, kinds: readonly string[]): Settings {
  const mistakes: Mistake[] = [];
  const note = (name: string, problem: string): undefined => {
    mistakes.push({ variable: prefix + name, problem });
  };
  const text = (name: Variable | string): string | undefined => {
    const value = environment[prefix + name];
    // A variable that is set to nothing, as compose files do, is not set.
    return value === undefined || value.trim() === "" ? undefined : value.trim();
  };
  const whole = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,15}$/u.test(value) ? Number(value) : 0;
    return number > 0 ? number : note(name, `must be a whole number above 0, and is ${shown(value)}.`);
  };
  const choice = <Choice extends string>(name: Variable, choices: readonly Choice[]): Choice | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const found = choices.find((one) => one === value);
    return found ?? note(name, `must be one of ${choices.join(", ")}, and is ${shown(value)}.`);
  };
  const schema = text("SCHEMA");
  const keys = text("PREFIX");
  const named = (name: "STORE" | "VOLATILE" | "DURABLE" | "ARCHIVE"): NamedStore | undefined => {
    const url = text(name);
    if (url === undefined) return undefined;
    const scheme = /^([a-z][a-z0-9+.-]*):/iu.exec(url)?.[1]?.toLowerCase() ?? url.toLowerCase();
    const kind = aliases.get(scheme) ?? scheme;
    if (!kinds.includes(kind))
      return note(name, `must be the address of a store of a known kind: ${kinds.join(", ")}.`);
    return {
      variable: prefix + name,
      kind,
      url,
      ...(schema === undefined ? {} : { schema }),
      ...(keys === undefined ? {} : { prefix: keys }),
    };
  };

  refuseNearNames(environment, note);
  const store = named("STORE");
  const volatile = named("VOLATILE");
  const durable = named("DURABLE");
  const sessions = choice("SESSIONS", ["volatile", "durable"]);
  const hasOne = text("STORE") !== undefined;
  const hasTwo = text("VOLATILE") !== undefined || text("DURABLE") !== undefined;
  if (hasOne && hasTwo) note("STORE", "must not be set together with RELEVO_VOLATILE and RELEVO_DURABLE.");
  if (!hasOne && !hasTwo)
    note("STORE", "is missing; or set RELEVO_VOLATILE, RELEVO_DURABLE and RELEVO_SESSIONS.");
  if (hasTwo && !hasOne) {
    for (const name of ["VOLATILE", "DURABLE", "SESSIONS"] as const)
      if (text(name) === undefined) note(name, "is missing: two stores need it.");
  }
  if (hasOne && sessions !== undefined) note("SESSIONS", "is for two stores: there is one.");
  const archive = named("ARCHIVE");
  const ttl = text("VOLATILE_TTL_MS");
  const volatileTtlMs = ttl === "never" ? null : whole("VOLATILE_TTL_MS");
  const caching = choice("CACHE", ["on", "off"]);
  const bounds = {
    sessions: whole("CACHE_SESSIONS"),
    bytes: whole("CACHE_BYTES"),
    ttlMs: whole("CACHE_TTL_MS"),
  };
  const hasBounds = Object.values(bounds).some((bound) => bound !== undefined);
  if (caching === "off" && hasBounds) note("CACHE", "is off, and has bounds all the same.");
  const limits = Object.fromEntries(
    [...limitNames].flatMap(([name, limit]) => {
      const value = whole(name);
      return value === undefined ? [] : [[limit, value]];
    }),
  );
  const search = choice("SEARCH", ["on", "off"]);
  if (mistakes.length > 0) throw mistaken(mistakes);
  return {
    ...(store === undefined ? {} : { store }),
    ...(volatile === undefined ? {} : { volatile }),
    ...(durable === undefined ? {} : { durable }),
    ...(archive === undefined ? {} : { archive }),
    ...(sessions === undefined ? {} : { sessions }),
    ...(volatileTtlMs === undefined ? {} : { volatileTtlMs }),
    ...(hasBounds ? { cache: bounds } : caching === undefined ? {} : { cache: caching === "on" }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    search: search === "on",
  };
}

const aliases: ReadonlyMap<string, string> = new Map([
  ["rediss", "redis"],
  ["postgresql", "postgres"],
]);

/** A slip of the pen would leave a setting as it is without a word. Other names of the prefix may be another program's. */
function refuseNearNames(environment: Environment, note: (name: string, problem: string) => void): void {
  for (const name of Object.keys(environment)) {
    const own = name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    if (own === undefined || known.has(own)) continue;
    try {
      requireKnownFields({ [own]: true }, "environment", known);
    } catch (error) {
      const nearest = MemoryError.isInstance(error) ? error.details.nearest : undefined;
      if (typeof nearest === "string") note(own, `is not known. Did you mean ${prefix}${nearest}?`);
    }
  }
}

export function mistaken(mistakes: readonly Mistake[], cause?: unknown): MemoryError {
  const lines = mistakes.map(({ variable, problem }) => `${variable} ${problem}`);
  return new MemoryError("invalid-input", lines.join("\n"), {
    details: { mistakes: mistakes.map((one) => ({ ...one })) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What somebody has set by mistake, such as a password in the wrong place, is not for the log. */
function shown(value: string): string {
  return value.length <= 12 ? JSON.stringify(value) : `a text of ${value.length} characters`;
}
