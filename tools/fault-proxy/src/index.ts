export type { CutAfter, CutEvery, CutPlace, Direction } from "./cut-plan.ts";
export {
  type FaultProxy,
  type FaultProxyOptions,
  type ProxyTarget,
  startFaultProxy,
} from "./fault-proxy.ts";
