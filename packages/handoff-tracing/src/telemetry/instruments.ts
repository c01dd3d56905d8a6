import type { Counter, Histogram, Meter } from "@opentelemetry/api";

/** Our metrics. No attribute of them names a tenant, a session, an agent or a key: their values are a closed set. */
export interface Instruments {
  readonly operationDuration: Histogram;
  readonly retries: Counter;
  readonly replays: Counter;
  readonly cacheReads: Counter;
  readonly leaseWait: Histogram;
  readonly handoffs: Counter;
  readonly recalls: Counter;
  readonly viewMessages: Counter;
  readonly viewTokens: Counter;
}

const secondsBuckets: number[] = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30];

export function createInstruments(meter: Meter): Instruments {
  return {
    operationDuration: meter.createHistogram("relevo.operation.duration", {
      unit: "s",
      description: "How long an operation took",
      advice: { explicitBucketBoundaries: secondsBuckets },
    }),
    retries: meter.createCounter("relevo.retries", {
      unit: "{try}",
      description: "Calls that failed and were tried again, by what was tried and why it failed",
    }),
    replays: meter.createCounter("relevo.replays", {
      unit: "{call}",
      description: "Writes that were answered from an earlier call with the same operation id",
    }),
    cacheReads: meter.createCounter("relevo.cache.reads", {
      unit: "{read}",
      description: "Reads that a cached copy answered, or that found none that was still valid",
    }),
    leaseWait: meter.createHistogram("relevo.lease.wait", {
      unit: "s",
      description: "How long calls waited for a lease that they were ready to wait for",
      advice: { explicitBucketBoundaries: secondsBuckets },
    }),
    handoffs: meter.createCounter("relevo.handoffs", {
      unit: "{handoff}",
      description: "Handoffs that ended, by status",
    }),
    recalls: meter.createCounter("relevo.recalls", {
      unit: "{recall}",
      description: "Recalls of a key and searches, by whether anything was found",
    }),
    viewMessages: meter.createCounter("relevo.view.messages", {
      unit: "{message}",
      description: "Places in the log that views showed, dropped, or showed in another form",
    }),
    viewTokens: meter.createCounter("relevo.view.tokens", {
      unit: "{token}",
      description: "Tokens of views, where they are counted",
    }),
  };
}
