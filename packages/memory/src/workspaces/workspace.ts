import type { CallOptions, Page, PageOptions, SessionObject } from "@relevo/core";
import type { KeyedMemory } from "../agents/agent-memory.ts";
import type { KeyedValue } from "../entries/keyed-values.ts";

/** What a grant allows. `read-write` includes `read`. */
export type WorkspaceAccess = "read" | "read-write";

/** Who is granted access: an agent, every agent with a role, or another tenant. */
export type WorkspaceParty =
  | { readonly agent: string }
  | { readonly role: string }
  | { readonly tenant: string };

export interface WorkspaceGrant {
  readonly to: WorkspaceParty;
  readonly access: WorkspaceAccess;
  /** When it was given, in milliseconds since the epoch. */
  readonly at: number;
}

/** Who uses a workspace. Access is the most that the agent or one of the roles was granted. */
export interface WorkspaceActor {
  readonly agent?: string;
  readonly roles?: readonly string[] | undefined;
  /**
   * The session that the actor works in: what is written comes from it, as a memory of an agent does, and an erasure of its
   * person finds it.
   */
  readonly session?: SessionObject | undefined;
}

/** Calls of one actor that were refused: one record for each kind of access, however many calls. */
export interface WorkspaceRefusal {
  readonly by: Omit<WorkspaceActor, "session"> | { readonly tenant: string };
  readonly access: WorkspaceAccess;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface ImportResult {
  /** How many entries are new or were changed. */
  readonly imported: number;
  /** How many were there already, exactly so. */
  readonly unchanged: number;
}

/** What several agents of a tenant know together. Reads and writes as the actor may. @throws `denied`. */
export interface SharedMemory extends KeyedMemory {
  /** The tenant that the workspace belongs to. */
  readonly tenant: string;
  readonly name: string;
  /**
   * Remembers what a source gives, in batches: a source that fails, or a crash, leaves whole batches, and the same import
   * again completes it. What is there exactly so is left alone, so that a second run changes nothing.
   *
   * @throws what the source throws; as `rememberMany`.
   */
  import(
    source: Iterable<KeyedValue> | AsyncIterable<KeyedValue>,
    options?: CallOptions,
  ): Promise<ImportResult>;
  /** One page of the categories that have durable entries, in the order of their UTF-8 bytes. */
  categories(options?: PageOptions): Promise<Page<string>>;
}

/**
 * A workspace of a tenant, as the application that owns it: with every right. `as` is what an agent gets.
 */
export interface Workspace extends SharedMemory {
  /**
   * The workspace as this actor may use it: without a grant nothing. Grants are looked up with each call, so that a
   * revocation holds for every call that begins afterwards; a refusal is `denied` and recorded, where the workspace has
   * anything.
   *
   * @throws `invalid-input` for an actor who is nobody.
   */
  as(actor: WorkspaceActor): SharedMemory;
  /** Grants access, or changes it. @throws `invalid-input` for a grant to nobody, or to the workspace's own tenant. */
  grant(to: WorkspaceParty, access: WorkspaceAccess, options?: CallOptions): Promise<WorkspaceGrant>;
  /** Ends a grant. Returns false when there was none. */
  revoke(from: WorkspaceParty, options?: CallOptions): Promise<boolean>;
  /** One page of the grants, in no particular order. */
  grants(options?: PageOptions): Promise<Page<WorkspaceGrant>>;
  /** One page of what was refused, in no particular order. */
  refusals(options?: PageOptions): Promise<Page<WorkspaceRefusal>>;
}
