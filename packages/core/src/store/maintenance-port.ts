import { admitCall } from "../input/call.ts";
import type { Limits } from "../limits.ts";
import type { Maintenance } from "../ports/store.ts";
import type { MaintenanceDriver } from "./driver.ts";
import { accept, isPromise, pageOf } from "./settle.ts";
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
      return pageOf("tenants", accept(isPromise(answer) ? await answer : answer), (tenant) => [tenant]);
    },

    async expire(options) {
      requireOpen();
      const answer = driver.expire(admitExpire(options));
      return accept(isPromise(answer) ? await answer : answer);
    },

    async durability(options) {
      requireOpen();
      const answer = driver.durability({ signal: admitCall(options).signal });
      return accept(isPromise(answer) ? await answer : answer);
    },
  };
}
