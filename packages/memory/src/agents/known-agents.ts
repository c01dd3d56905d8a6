import { type DocumentStore, isConflict } from "@relevo/core";
import { LRUCache } from "lru-cache";
import { agentNamespace } from "../namespaces.ts";

/** How long an agent is taken for known: another process may have erased it. In milliseconds. */
const knownMs = 60_000;

/**
 * Makes agents known to `tenant.agents()` that keep something about people and nothing else. One write for each agent, which
 * is tried once a minute in each process.
 */
export class KnownAgents {
  readonly #known: LRUCache<string, true> = new LRUCache({
    // Not `max`, for which lru-cache reserves room at once: most of what `createMemory` took.
    maxSize: 10_000,
    sizeCalculation: () => 1,
    ttl: knownMs,
    // Looked up with each call, so that a test's clock moves it, and without a timer for each millisecond.
    perf: { now: () => performance.now() },
    ttlResolution: 0,
  });

  /** Never throws: the memory that the agent has written is there, whether or not the agent is listed. */
  async note(
    documents: DocumentStore,
    tenant: string,
    agent: string,
    onError: (error: unknown) => void,
  ): Promise<void> {
    const name = `${tenant}\0${agent}`;
    if (this.#known.has(name)) return;
    try {
      // Below the agent's memory, and so none of its entries.
      const address = { tenant, namespace: [...agentNamespace("durable", agent), "known"], key: "agent" };
      await documents.put(address, { value: {} }, { expectedVersion: 0 });
    } catch (error) {
      if (!isConflict(error, "version")) {
        onError(error);
        return;
      }
    }
    this.#known.set(name, true);
  }
}
