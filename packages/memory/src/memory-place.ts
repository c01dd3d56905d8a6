import type { CallOptions } from "@relevo/core";
import { admitId, readInput, refuse } from "@relevo/core/input";
import type { UserReference } from "./agents/agent-memory.ts";
import type { Origin } from "./entries/entry.ts";
import type { HistoryKind } from "./history/history-options.ts";
import { agentNamespace, userAgentNamespace, userMemoryNamespace } from "./namespaces.ts";
import { UserGuard } from "./people/user-guard.ts";
import type { Runtime } from "./runtime.ts";

/** Where a memory in two tiers is kept. */
export interface MemoryPlace {
  /** Whose memory it is, or who keeps it. */
  readonly agent?: string;
  /** Who writes, when it is another one. */
  readonly by?: string | undefined;
  /** Of how many old values are kept. */
  readonly kind: HistoryKind;
  namespace(tier: "volatile" | "durable"): readonly string[];
  /** Of a memory about a person. */
  readonly guard?: UserGuard;
  /** Makes a category known before an entry of it is written. */
  readonly noteCategory?: (category: string, options: CallOptions) => Promise<void>;
}

/**
 * Finds the place, which may take a call: the person of a session is known when its head was read, and who may use a
 * workspace when its grants were.
 *
 * @throws `denied` when the caller may not do this there.
 */
export type OpenPlace = (
  options: CallOptions,
  access: "read" | "read-write",
) => MemoryPlace | Promise<MemoryPlace>;

/** Where a write comes from, and who has to be asked about it besides the place. */
export interface WriteOrigin extends Origin {
  readonly guard?: UserGuard | undefined;
}

/** Finds where a write comes from, with a call. @throws `history-lost` when the session has ended. */
export type OpenOrigin = (options: CallOptions) => Promise<WriteOrigin>;

/** Throws when nothing may be written any more. */
export type RequireAlive = (options: CallOptions) => Promise<void>;

/** The memory of an agent across sessions. */
export function agentPlace(agent: string): OpenPlace {
  const place: MemoryPlace = { kind: "agents", agent, namespace: (tier) => agentNamespace(tier, agent) };
  return () => place;
}

/** The memory of a person, or what an agent keeps about the person. */
export function userPlace(user: string, guard: UserGuard, agent?: string): MemoryPlace {
  return {
    kind: "users",
    guard,
    namespace: (tier) =>
      agent === undefined ? userMemoryNamespace(user, tier) : userAgentNamespace(user, tier, agent),
    ...(agent === undefined ? {} : { agent }),
  };
}

/** As `userPlace`, for a person whose id takes a call, and may become another one's. */
export function openUserPlace(
  tenant: string,
  id: (options: CallOptions) => Promise<string>,
  agent?: string,
  alive?: RequireAlive,
): OpenPlace {
  let found: { readonly user: string; readonly place: MemoryPlace } | undefined;
  return async (options) => {
    const user = await id(options);
    if (found?.user !== user)
      found = { user, place: userPlace(user, new UserGuard(tenant, user, alive), agent) };
    return found.place;
  };
}

/** What an agent keeps about this person. @throws `invalid-input`. */
export function admitUserPlace(
  runtime: Runtime,
  tenant: string,
  agent: string,
  user: UserReference,
  alive?: RequireAlive,
): OpenPlace {
  if (typeof user !== "object" || user === null) return knownUserPlace(admitId(user, "user", runtime.limits));
  const given = readInput("user", () => ({ tenant: user.tenant, id: user.id }));
  if (given.tenant !== tenant) throw refuse("user", "belongs to another tenant, or is no user.");
  const { id } = given;
  return typeof id === "function"
    ? openUserPlace(tenant, (options) => id.call(user, options), agent, alive)
    : knownUserPlace(admitId(id, "user", runtime.limits));

  function knownUserPlace(known: string): OpenPlace {
    const place = userPlace(known, new UserGuard(tenant, known, alive), agent);
    return () => place;
  }
}
