import type { Limits } from "../limits.ts";
import type { ChangeFeed } from "../ports/change-feed.ts";
import { encodeCursor } from "./cursor.ts";
import type { FeedDriver } from "./driver.ts";
import { admitChanges } from "./feed-calls.ts";
import { settle } from "./settle.ts";

/** The feed port over a driver. */
export function createFeedPort(driver: FeedDriver, limits: Limits, requireOpen: () => void): ChangeFeed {
  return {
    async changes(tenant, options) {
      requireOpen();
      const { units, position, more } = await settle(driver.changes(admitChanges(tenant, options, limits)));
      return { units, cursor: encodeCursor("changes", [position]), more };
    },
  };
}
