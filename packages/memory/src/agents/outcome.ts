import type { CallOptions } from "@relevo/core";

/** How a piece of an agent's work ended. */
export interface Outcome {
  readonly success: boolean;
  /** The approach that was taken, as a name from a small set: what is counted and recommended. */
  readonly strategy?: string | undefined;
  /** From 0 to 100, on one scale for all outcomes of an agent, such as 1 to 5 stars. */
  readonly rating?: number | undefined;
  /** How long the work took, in milliseconds. */
  readonly durationMs?: number | undefined;
  /** What was to be done, at most 4,000 characters. Kept only in the feedback, which an erasure reaches. */
  readonly task?: string | undefined;
}

export interface RecordOutcomeOptions extends CallOptions {
  /**
   * Makes a retry safe: the same outcome under one id is counted once, another one under it is `conflict`. Known for the
   * agent, for at least 24 hours.
   */
  readonly operationId?: string;
}

/** An outcome as it was recorded. */
export interface Feedback extends Outcome {
  /** By the memory's clock, in milliseconds since the epoch. */
  readonly at: number;
  /** The session in which it was recorded, when it was recorded through one. */
  readonly session?: string;
}

/** The time in which an outcome loses half of its weight. A month has 30 days. */
export type HalfLife = "day" | "week" | "month";

export interface RecommendOptions extends CallOptions {
  /**
   * Lets old outcomes count less, so that what works now is found where the world changes. Rates and ratings are then
   * weighted means, and support is the sum of the weights. Without it, every outcome counts alike.
   */
  readonly halfLife?: HalfLife | undefined;
  /** The number of outcomes, or the weight, below which nothing is concluded from a strategy; 5 when left out. */
  readonly minimumSupport?: number | undefined;
}

export interface PerformanceOptions extends RecommendOptions {
  /** How many of the newest outcomes to return, from 0 to 50; 10 when left out. */
  readonly feedback?: number | undefined;
}

/**
 * A share with its 95 % interval (Wilson, "Probable inference, the law of succession, and statistical inference", 1927),
 * which is honest where there are few outcomes: one success in one gives 0.21 to 1.
 */
export interface SuccessRate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface StrategyPerformance {
  readonly strategy: string;
  /** Outcomes, and how many of them were successes. */
  readonly count: number;
  readonly succeeded: number;
  /** Absent when every outcome has lost its weight. */
  readonly successRate?: SuccessRate;
  /** The mean of the ratings; absent when none was rated. */
  readonly rating?: number;
  /** Whether there is enough to conclude from; see `minimumSupport`. */
  readonly supported: boolean;
}

/** What is known of an agent's work. */
export interface AgentPerformance {
  /** All outcomes, those without a strategy included. */
  readonly total: number;
  readonly succeeded: number;
  /** Absent when there is no outcome. */
  readonly successRate?: SuccessRate;
  /** The mean of the ratings; absent when none was rated. */
  readonly rating?: number;
  /** Absent when no outcome had a duration. `p95` is at most 2 % from the exact one, or 1 ms below 1 ms. */
  readonly durationMs?: { readonly mean: number; readonly p95: number };
  /** Supported ones first, each part by the lower end of the success rate, best first. */
  readonly strategies: readonly StrategyPerformance[];
  /** The newest outcomes, newest first. */
  readonly feedback: readonly Feedback[];
}

/** A strategy with what speaks for it. */
export interface Recommendation extends StrategyPerformance {
  readonly successRate: SuccessRate;
  /** The other strategies, as in `performance`. */
  readonly others: readonly StrategyPerformance[];
}

/** What an agent learns from how its work ended. The same in every session. */
export interface LearningAgent {
  /**
   * Counts an outcome: exactly, however many processes do so at once, and once under an operation id. Kept in the durable
   * store; through `session.agent(name)` the feedback names the session and is erased with it, and the counts stay.
   *
   * @throws `invalid-input`; `too-large` for more than 200 strategies; `conflict` for another outcome under the same
   *   operation id, and, retryable, when others wrote during every try.
   */
  recordOutcome(outcome: Outcome, options?: RecordOutcomeOptions): Promise<void>;
  /** Totals, success rate, durations, strategies and the newest outcomes. Its cost does not grow with the outcomes. */
  performance(options?: PerformanceOptions): Promise<AgentPerformance>;
  /**
   * The supported strategy whose success rate has the highest lower end, the better rated and then the more frequent of
   * equals; `undefined` while there is too little to conclude from. It does not explore: let other strategies have a turn.
   */
  recommend(options?: RecommendOptions): Promise<Recommendation | undefined>;
  /** Forgets all outcomes of the agent, such as after a new prompt. One that is recorded meanwhile may stay. */
  clearOutcomes(options?: CallOptions): Promise<void>;
}
