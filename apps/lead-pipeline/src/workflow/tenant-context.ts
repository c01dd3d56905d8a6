import type { AgentName } from "../agents/agent-names.ts";

export const features = ["qualification", "outbound", "meetings"] as const;
export type Feature = (typeof features)[number];

export interface ApiLimits {
  /** Calls of models and tools in an hour, all workflows of the tenant together; `null` for no limit. */
  readonly callsPerHour: number | null;
  /** Calls in the workflow of one lead, so that a model that runs in circles ends. */
  readonly callsPerLead: number;
}

/** For whom the agents work, and what they may do there. */
export interface TenantContext {
  readonly tenantId: string;
  /** Who asked for the work: the owner of the sessions. */
  readonly userId: string;
  readonly isPremium: boolean;
  readonly apiLimits: ApiLimits;
  readonly featuresEnabled: readonly Feature[];
}

/** What premium changes. Everything that reads `isPremium` reads it here. */
export interface ServiceLevel {
  readonly priority: "normal" | "high";
  /** Business days between now and the first slot that is offered. */
  readonly slotLeadDays: number;
  /** Business days on which slots are offered. */
  readonly slotDays: number;
  /** Messages of the conversation that a handoff passes on; `undefined` for all. */
  readonly contextMessages: number | undefined;
  /** Remembered facts that an agent is shown beside the lead. */
  readonly rememberedFacts: number;
}

export function serviceLevel(tenant: TenantContext): ServiceLevel {
  return tenant.isPremium
    ? { priority: "high", slotLeadDays: 1, slotDays: 40, contextMessages: undefined, rememberedFacts: 20 }
    : { priority: "normal", slotLeadDays: 3, slotDays: 20, contextMessages: 6, rememberedFacts: 5 };
}

/** Fills what is left out: tenant `demo`, user `sales`, standard service, no hourly limit, every feature. */
export function createTenantContext(
  context: Partial<Omit<TenantContext, "apiLimits">> & { readonly apiLimits?: Partial<ApiLimits> } = {},
): TenantContext {
  const { tenantId = "demo", userId = "sales", isPremium = false, featuresEnabled = features } = context;
  const callsPerHour = context.apiLimits?.callsPerHour ?? null;
  const callsPerLead = context.apiLimits?.callsPerLead ?? 40;
  if (callsPerHour !== null) requireCount(callsPerHour, "callsPerHour");
  requireCount(callsPerLead, "callsPerLead");
  for (const feature of featuresEnabled) {
    if (!features.includes(feature)) {
      throw new RangeError(`There is no feature "${feature}". There are: ${features.join(", ")}.`);
    }
  }
  return { tenantId, userId, isPremium, featuresEnabled, apiLimits: { callsPerHour, callsPerLead } };
}

function requireCount(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`apiLimits.${name} must be a whole number, 0 or more; it is ${value}.`);
  }
}

/** The feature that an agent needs. The coordinator works for everyone. */
export const featureOf: Readonly<Record<Exclude<AgentName, "coordinator">, Feature>> = {
  lead_qualifier: "qualification",
  outbound_contact: "outbound",
  meeting_scheduler: "meetings",
};

/** Why this tenant's leads may not be handed to the agent; `undefined` when they may. */
export function refusal(tenant: TenantContext, agent: AgentName): string | undefined {
  if (agent === "coordinator" || tenant.featuresEnabled.includes(featureOf[agent])) return undefined;
  return `the feature "${featureOf[agent]}" is not enabled for this tenant`;
}
