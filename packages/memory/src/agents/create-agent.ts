import type { CallOptions } from "@relevo/core";
import { TieredMemory } from "../entries/tiered-memory.ts";
import { admitUserPlace, agentPlace, type OpenOrigin, type OpenPlace } from "../memory-place.ts";
import type { Runtime } from "../runtime.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import type { AgentMemory, UserNotes, UserReference } from "./agent-memory.ts";
import type {
  AgentPerformance,
  Outcome,
  PerformanceOptions,
  Recommendation,
  RecommendOptions,
  RecordOutcomeOptions,
} from "./outcome.ts";
import { Outcomes } from "./outcomes.ts";

class NamedMemory extends TieredMemory implements UserNotes {
  readonly name: string;

  constructor(runtime: Runtime, tenant: string, open: OpenPlace, name: string, origin?: OpenOrigin) {
    super(runtime, tenant, open, origin);
    this.name = name;
  }
}

class Agent extends NamedMemory implements AgentMemory {
  readonly #runtime: Runtime;
  readonly #tenant: string;
  readonly #outcomes: Outcomes;

  constructor(runtime: Runtime, tenant: string, name: string) {
    super(runtime, tenant, agentPlace(name), name);
    this.#runtime = runtime;
    this.#tenant = tenant;
    this.#outcomes = new Outcomes(runtime, tenant, name);
  }

  recordOutcome(outcome: Outcome, options?: RecordOutcomeOptions): Promise<void> {
    return this.#outcomes.recordOutcome(outcome, options);
  }

  performance(options?: PerformanceOptions): Promise<AgentPerformance> {
    return this.#outcomes.performance(options);
  }

  recommend(options?: RecommendOptions): Promise<Recommendation | undefined> {
    return this.#outcomes.recommend(options);
  }

  clearOutcomes(options?: CallOptions): Promise<void> {
    return this.#outcomes.clearOutcomes(options);
  }

  for(user: UserReference): UserNotes {
    return createUserNotes(this.#runtime, this.#tenant, this.name, user);
  }
}

/** The memory of an agent across sessions. */
export function createAgent(runtime: Runtime, tenant: string, name: string): AgentMemory {
  return new Agent(runtime, tenant, name);
}

/** What an agent keeps about a person; in a session as long as that has not ended. */
export function createUserNotes(
  runtime: Runtime,
  tenant: string,
  name: string,
  user: UserReference,
  session?: SessionHandle,
): UserNotes {
  const open = admitUserPlace(runtime, tenant, name, user, session?.requireAlive.bind(session));
  return new NamedMemory(runtime, tenant, open, name, session?.origin.bind(session));
}
