import { type Operation, observe, type PortSpans, prepareOperation } from "./observe.ts";
import type { Telemetry } from "./telemetry.ts";

/** An operation whose arguments and result only the table of its port knows. */
type AnyOperation = Operation<readonly unknown[], unknown>;
type Method = (...args: never[]) => unknown;

/** The operations of a port's methods; a method without one is passed on and not traced. */
export type Operations<Port> = {
  readonly [Name in keyof Port]?: NonNullable<Port[Name]> extends (
    ...args: infer Args
  ) => Promise<infer Result>
    ? Operation<Args, Result>
    : never;
};

/**
 * The port with its methods traced. Everything else it has is there too, so that guards which look for a second interface
 * find it, and every method runs on the port itself.
 */
export function tracePort<Port extends object>(
  telemetry: Telemetry,
  port: Port,
  operations: Operations<Port>,
  common: PortSpans,
): Port {
  const methods: { [name: PropertyKey]: Method } = {};
  for (const [name, operation] of Object.entries(operations as { readonly [name: string]: AnyOperation })) {
    const method: unknown = Reflect.get(port, name);
    if (typeof method !== "function") continue;
    const prepared = prepareOperation(operation, common);
    methods[name] = (...args) =>
      observe(telemetry, prepared, args, () => method.apply(port, args) as Promise<unknown>);
  }
  return withMembers(port, methods);
}

/** An object that has every member of another one, some of them replaced. Methods run on the other one. */
export function withMembers<Target extends object>(
  target: Target,
  replaced: { readonly [name: PropertyKey]: unknown },
): Target {
  const copy: object = Object.create(Object.getPrototypeOf(target) as object | null);
  for (const name of membersOf(target)) {
    const member = Object.hasOwn(replaced, name)
      ? { value: replaced[name] }
      : { get: () => boundTo(target, Reflect.get(target, name)) };
    Object.defineProperty(copy, name, { enumerable: true, ...member });
  }
  return copy as Target;
}

/** Without `bind`: the V8 of Node.js 24 does not take a bound function for one that `await using` may call. */
function boundTo(target: object, value: unknown): unknown {
  return typeof value === "function"
    ? (...args: readonly unknown[]): unknown => Reflect.apply(value, target, args)
    : value;
}

/** The names of an object's members and of those that it inherits, up to and without `Object.prototype`. */
function membersOf(target: object): ReadonlySet<PropertyKey> {
  const names = new Set<PropertyKey>();
  for (
    let at: object | null = target;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const name of Reflect.ownKeys(at)) if (name !== "constructor") names.add(name);
  }
  return names;
}
