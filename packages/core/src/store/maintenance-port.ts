import { admitCall } from "../input/call.ts";
import type { Limits } from "../limits.ts";
import type { Maintenance } from "../ports/store.ts";
import type { MaintenanceDriver } from "./driver.ts";
import { pageOf, settle } from "./settle.ts";
import { admitExpire, admitTenants } from "./upkeep-calls.ts";

/** The upkeep port over a driver. */
export function createMaintenancePort(
  driver: MaintenanceDriver,
  limits: Limits,
  requireOpen: () => void,
): Maintenance {
  return {
    async tenants(options) {
      requireOpen();
      const answer = driver.tenants(admitTenants(options, limits));
      return pageOf("tenants", await settle(answer), (tenant) => [tenant]);
    },

    async expire(options) {
      requireOpen();
      return settle(driver.expire(admitExpire(options)));
    },

    async durability(options) {
      requireOpen();
      return settle(driver.durability({ signal: admitCall(options).signal }));
    },
  };
}
