import type { CallOptions } from "@relevo/core";

/** What is to be erased. Exactly one of these, and never nothing. */
export type EraseSelector =
  /** A person: sessions with their forks, the person's memory, and what agents keep about the person. */
  | { readonly user: string }
  /** A session with its forks, and what agents learned in it. */
  | { readonly session: string }
  /** A workspace with its entries and grants. */
  | { readonly workspace: string }
  /** Documents of the application whose namespace begins with these elements, one at least. */
  | { readonly namespace: readonly string[] };

export interface EraseOptions extends CallOptions {
  /** Counts what would be removed and writes nothing. */
  readonly dryRun?: boolean | undefined;
}

/** How much was removed; after a crash at least so much, because a removal may have been done and not counted. */
export interface EraseCounts {
  /** Forks included. */
  readonly sessions: number;
  /** Of these sessions, tombstones included. */
  readonly events: number;
  /** Of these sessions: working memory, notes, records. */
  readonly sessionDocuments: number;
  /** Documents outside of sessions: memories, notes of agents, documents of the selected namespace. */
  readonly documents: number;
  /** Documents elsewhere that were derived from removed events. Known after the removal only. */
  readonly derived: number;
  /** As the indexes counted. */
  readonly indexed: number;
}

/** Something that is kept although it was to be erased, because of a legal hold. */
export interface Hold {
  readonly selector: HoldSelector;
  readonly reason: string;
  /** When it was set, in milliseconds since the epoch. */
  readonly at: number;
}

/** A person with everything, or a session. */
export type HoldSelector = { readonly user: string } | { readonly session: string };

/** What no erasure of this package reaches. */
export interface OutOfReach {
  readonly what: "memories" | "identifiers" | "caches" | "backups" | "logs" | "traces" | "elsewhere";
  readonly why: string;
  /** Where they are, of `memories`: 100 of each store at most. */
  readonly documents?: readonly { readonly namespace: readonly string[]; readonly key: string }[];
}

export interface EraseReport {
  /** Of the erasure; nothing in it tells of whom it was. */
  readonly id: string;
  readonly dryRun: boolean;
  /** False when something was to be erased and is held. */
  readonly complete: boolean;
  /** True when this call finished an erasure that had begun before. */
  readonly resumed: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly removed: EraseCounts;
  readonly held: readonly Hold[];
  readonly outOfReach: readonly OutOfReach[];
}
