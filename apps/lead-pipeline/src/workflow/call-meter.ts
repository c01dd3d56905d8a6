import type { Clock } from "@relevo/core";
import type { MemoryKit } from "./memory-kit.ts";
import type { TenantContext } from "./tenant-context.ts";

export const hourMs = 3_600_000;

/** A limit of the tenant's calls was reached; the lead's work stops where it is. */
export class CallLimitError extends Error {
  override readonly name: string = "CallLimitError";
  readonly limit: "callsPerHour" | "callsPerLead";
  readonly allowed: number;

  constructor(limit: "callsPerHour" | "callsPerLead", allowed: number) {
    super(
      limit === "callsPerHour"
        ? `The tenant's ${allowed} calls of this hour are used up.`
        : `The lead took more than ${allowed} calls.`,
    );
    this.limit = limit;
    this.allowed = allowed;
  }
}

/** Counts the calls of one lead's workflow. */
export interface CallMeter {
  /** Counts one call of a model or a tool, before it is made. @throws `CallLimitError`; then nothing is counted. */
  count(): Promise<void>;
  readonly calls: number;
}

/**
 * The hour's count stands in the tenant's memory, so that every workflow that shares the memory shares the limit; the
 * compare-and-set update keeps it exact. Hours are those of the clock.
 */
export function createCallMeter({ memory, clock, sharedTier }: MemoryKit, tenant: TenantContext): CallMeter {
  const meter = memory.tenant(tenant.tenantId).agent(meterName);
  const { callsPerHour, callsPerLead } = tenant.apiLimits;
  let calls = 0;
  return {
    get calls() {
      return calls;
    },
    async count() {
      if (calls >= callsPerLead) throw new CallLimitError("callsPerLead", callsPerLead);
      let refused = false;
      await meter.update(
        hourKey(clock),
        (current) => {
          const used = typeof current === "number" ? current : 0;
          refused = callsPerHour !== null && used >= callsPerHour;
          return refused ? undefined : used + 1;
        },
        { tier: sharedTier, ttlMs: 2 * hourMs, attempts: 50, backoffMs: 1 },
      );
      if (refused) throw new CallLimitError("callsPerHour", callsPerHour ?? 0);
      calls++;
    },
  };
}

/** How many calls the tenant made in this hour. */
export async function callsThisHour(
  { memory, clock, sharedTier }: MemoryKit,
  { tenantId }: TenantContext,
): Promise<number> {
  const used = await memory.tenant(tenantId).agent(meterName).recall(hourKey(clock), { tier: sharedTier });
  return typeof used === "number" ? used : 0;
}

export const meterName = "call_meter";

function hourKey(clock: Clock): string {
  return `hour:${Math.floor(clock.now() / hourMs)}`;
}
