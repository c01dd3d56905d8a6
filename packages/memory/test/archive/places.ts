import { startRedisCluster } from "@relevo/test-services";
import { createCluster } from "redis";
import type { MemoryStore } from "../../src/index.ts";
import { type OpenStore, openRedis, openStore, type ServerKind } from "../cache/servers.ts";
import { createStorePool } from "../pairs/stores.ts";

/** Where sessions can be moved to and from, also by another process. */
export type PlaceKind = ServerKind | "cluster";

/** A store in this process, and the address by which another one opens it. */
export interface Place {
  readonly kind: PlaceKind;
  readonly url: string;
  readonly store: MemoryStore;
}

/** Opens a store of a kind by its address, with connections of its own. */
export function openPlace(kind: PlaceKind, url: string): Promise<OpenStore> {
  if (kind !== "cluster") return openStore(kind, url);
  return openRedis(createCluster({ rootNodes: url.split(",").map((node) => ({ url: node })) }));
}

/** Servers that several pairs share. */
export function createPlaces(): AsyncDisposable & {
  open(kind: PlaceKind, place: number): Promise<Place>;
} {
  const pool = createStorePool();
  let cluster: Promise<Place> | undefined;
  const ends: (() => Promise<unknown>)[] = [];
  const startCluster = async (): Promise<Place> => {
    const { rootNodes, stop } = await startRedisCluster();
    ends.unshift(stop);
    const url = rootNodes.map((node) => node.url).join(",");
    const opened = await openPlace("cluster", url);
    ends.unshift(() => opened[Symbol.asyncDispose]() as Promise<void>);
    return { kind: "cluster", url, store: opened.store };
  };
  return {
    async open(kind, place) {
      if (kind === "cluster") {
        cluster ??= startCluster();
        return cluster;
      }
      const { store, url = "" } = await pool.open(kind, place);
      return { kind, url, store };
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end();
      await pool[Symbol.asyncDispose]();
    },
  };
}
