import type { Item } from "@langchain/langgraph-checkpoint";
import type {
  Clock,
  Document,
  DocumentAddress,
  DocumentStore,
  JsonValue,
  Recall,
  RecallResult,
} from "@relevo/core";

/** What a `RelevoStore` was created with. */
export interface StoreSettings {
  readonly documents: DocumentStore;
  readonly tenant: string;
  readonly recall: Recall | undefined;
  readonly ttlMs: number | undefined;
  readonly refreshOnRead: boolean;
  readonly root: string;
  readonly clock: Clock;
  readonly tellMissing: (result: Pick<RecallResult, "missing">) => void;
}

/** A read that was repeated within this share of the lifetime is no reason to write. */
const restartShare = 0.1;

export function nameOf({ namespace, key }: Pick<DocumentAddress, "namespace" | "key">): string {
  return JSON.stringify([namespace, key]);
}

/** Restarts the lifetime of what was read. */
export async function refresh(settings: StoreSettings, found: readonly Document[]): Promise<void> {
  const { documents, tenant, ttlMs, refreshOnRead, clock } = settings;
  if (ttlMs === undefined || !refreshOnRead) return;
  const aged = found.filter(
    ({ expiresAt }) => expiresAt !== undefined && expiresAt - clock.now() < ttlMs * (1 - restartShare),
  );
  await Promise.all(aged.map(({ namespace, key }) => documents.touch({ tenant, namespace, key }, { ttlMs })));
}

export function itemOf({ namespace, key, value, createdAt, updatedAt }: Document): Item {
  return {
    // A user of the item may change it.
    value: structuredClone(value) as Record<string, JsonValue>,
    key,
    namespace: namespace.slice(1),
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
  };
}
