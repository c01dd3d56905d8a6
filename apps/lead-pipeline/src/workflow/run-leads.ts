import type { Lead } from "../lead.ts";
import { runWorkflow, type WorkflowOptions, type WorkflowResult } from "./run-workflow.ts";

export interface LeadResult extends WorkflowResult {
  readonly lead: Lead;
}

export interface RunLeadsOptions extends WorkflowOptions {
  /** How many leads are worked at once; 1 when left out, which keeps the order and recognises every repetition. */
  readonly concurrency?: number;
  /** Starts no further lead when it fires; the leads under way are finished. */
  readonly stop?: AbortSignal;
  /** Told before a lead is begun. */
  readonly onBegin?: (lead: Lead) => void;
}

/** Works the leads in order and yields each result when it is done. */
export async function* runLeads(
  leads: readonly Lead[],
  options: RunLeadsOptions,
): AsyncGenerator<LeadResult> {
  const { concurrency = 1, stop, onBegin, ...workflow } = options;
  const running = new Map<number, Promise<{ readonly key: number; readonly result: LeadResult }>>();
  let next = 0;
  while (true) {
    while (running.size < concurrency && next < leads.length && stop?.aborted !== true) {
      const key = next++;
      const lead = leads[key];
      if (lead === undefined) break;
      onBegin?.(lead);
      running.set(
        key,
        runWorkflow(lead, workflow).then((result) => ({ key, result: { ...result, lead } })),
      );
    }
    if (running.size === 0) return;
    const { key, result } = await Promise.race(running.values());
    running.delete(key);
    yield result;
    // Workflows over memory in this process never wait for a timer or a socket: without a turn of the event loop
    // no signal would be noticed before the last lead is done.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
