import {
  type CallOptions,
  isEventTransfer,
  MemoryError,
  type SessionAddress,
  type Store,
} from "@relevo/core";
import { everyCall } from "./cases/lifecycle/every-call.ts";
import { present } from "./expect.ts";
import { says } from "./samples.ts";

/** A call of a public function with these options. They hold one that nobody knows, which their type does not show. */
export type OptionsCall = (misspelt: CallOptions) => unknown;

/**
 * What is wrong with how public calls treat an option that nobody knows, one sentence each: a method of an object
 * that is neither tried nor named as one without options, and a call that takes the option without a word. The first
 * makes sure that a new method cannot be forgotten.
 *
 * @param objects Public objects by name; a method is called `name.method`.
 * @param calls By the name of the method, or any other name for functions that stand alone.
 * @param withoutOptions Methods that take no options.
 */
export async function optionProblems(
  objects: { readonly [name: string]: object },
  calls: { readonly [name: string]: OptionsCall },
  withoutOptions: readonly string[] = [],
): Promise<readonly string[]> {
  const problems: string[] = [];
  const methods = Object.entries(objects).flatMap(([name, object]) =>
    methodsOf(object).map((method) => `${name}.${method}`),
  );
  for (const method of methods) {
    const named = withoutOptions.includes(method);
    if (Object.hasOwn(calls, method) === named)
      problems.push(`${method} must be tried or named as one without options, and not both.`);
  }
  for (const name of withoutOptions) {
    if (!methods.includes(name)) problems.push(`${name} is no method.`);
  }
  for (const [name, call] of Object.entries(calls)) {
    const problem = await problemOf(call);
    if (problem !== undefined) problems.push(`${name} ${problem}`);
  }
  return problems;
}

/**
 * As `optionProblems`, of a whole store: its own methods and those of its ports. What it offers beyond the ports is
 * given in `calls`, or named as without options.
 */
export async function storeOptionProblems(
  store: Store,
  calls: { readonly [name: string]: OptionsCall } = {},
  withoutOptions: readonly string[] = ["store.close"],
): Promise<readonly string[]> {
  const { log, documents, leases, feed, maintenance } = store;
  const address: SessionAddress = { tenant: "acme", session: "options" };
  await log.append(address, [says("x")]);
  const head = present(await log.head(address), "the head of the session");
  const lease = await leases?.acquire(address, { ttlMs: 60_000 });
  const names = everyCall(store, address).map(([name]) => name);
  const ofPorts = Object.fromEntries(
    names.map((name): [string, OptionsCall] => [
      name,
      (options) => everyCall(store, address, options).find(([one]) => one === name)?.[1](),
    ]),
  );
  return optionProblems(
    {
      store,
      log,
      documents,
      ...(leases === undefined ? {} : { leases }),
      ...(lease === undefined ? {} : { lease }),
      ...(feed === undefined ? {} : { feed }),
      ...(maintenance === undefined ? {} : { maintenance }),
    },
    {
      ...ofPorts,
      ...(isEventTransfer(log)
        ? {
            "log.importEvents": (options) =>
              log.importEvents(address, { head, events: [], operations: [], removed: [] }, options),
          }
        : {}),
      ...(lease === undefined
        ? {}
        : {
            "lease.renew": (options) => lease.renew(options),
            "lease.release": (options) => lease.release(options),
          }),
      ...calls,
    },
    withoutOptions,
  );
}

const misspelt: object = Object.freeze({ signla: 1 });

async function problemOf(call: OptionsCall): Promise<string | undefined> {
  try {
    await call(misspelt);
  } catch (error) {
    if (!MemoryError.isInstance(error, "invalid-input")) return `throws ${String(error)}.`;
    return String(error.details.field).endsWith("signla") ? undefined : `names ${error.details.field}.`;
  }
  return "takes an option that nobody knows.";
}

/** The functions of an object, those of its class included. */
function methodsOf(object: object): readonly string[] {
  const names = new Set<string>();
  for (
    let owner: object | null = object;
    owner !== null && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    // A getter may stand for a function too: modules have them in some runners.
    for (const name of Object.getOwnPropertyNames(owner)) {
      if (name !== "constructor" && typeof Reflect.get(object, name) === "function") names.add(name);
    }
  }
  return [...names].sort();
}
