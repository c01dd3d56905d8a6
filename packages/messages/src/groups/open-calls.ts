import type { DraftCall, GroupDraft } from "./group-draft.ts";
import { isClientCall } from "./sendable-part.ts";

/**
 * Calls without a result. Providers reuse ids, and concurrent agents may use the same ones: a result belongs to the
 * newest open call with its id, of the same agent first, and among the calls of that group to the oldest, so that
 * results answer in the order of the calls. Each step takes constant time.
 */
export class OpenCalls {
  readonly #client = new Map<string, Waiting>();
  readonly #provider = new Map<string, Waiting>();

  add(call: DraftCall): void {
    const { toolCallId } = call.call;
    const calls = isOfProvider(call) ? this.#provider : this.#client;
    let waiting = calls.get(toolCallId);
    if (waiting === undefined) {
      waiting = { all: [], byAgent: new Map(), byDraft: new Map() };
      calls.set(toolCallId, waiting);
    }
    waiting.all.push(call);
    append(waiting.byAgent, call.agent, call);
    const queue = waiting.byDraft.get(call.draft);
    if (queue === undefined) waiting.byDraft.set(call.draft, { calls: [call], next: 0 });
    else queue.calls.push(call);
  }

  /** The call that a result of an application's tool answers. */
  findClient(id: string, agent: string | undefined): DraftCall | undefined {
    return find(agent, this.#client.get(id));
  }

  /** The call that a result from the provider answers. */
  findProvider(id: string, agent: string | undefined): DraftCall | undefined {
    return find(agent, this.#provider.get(id));
  }

  /** The call of an approval request. */
  findAny(id: string, agent: string | undefined): DraftCall | undefined {
    return find(agent, this.#client.get(id), this.#provider.get(id));
  }
}

export function isOfProvider({ call }: DraftCall): boolean {
  return !isClientCall(call);
}

/** Open calls with one id. Closed ones are removed when they reach the front, so each is visited only once more. */
interface Waiting {
  readonly all: DraftCall[];
  readonly byAgent: Map<string | undefined, DraftCall[]>;
  readonly byDraft: Map<GroupDraft, { readonly calls: DraftCall[]; next: number }>;
}

function append<Key>(lists: Map<Key, DraftCall[]>, key: Key, call: DraftCall): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [call]);
  else list.push(call);
}

function find(agent: string | undefined, ...places: readonly (Waiting | undefined)[]): DraftCall | undefined {
  const own = places.map((waiting) => newestOf(waiting?.byAgent.get(agent)));
  const newest = latest(own) ?? latest(places.map((waiting) => newestOf(waiting?.all)));
  if (newest === undefined) return undefined;
  let oldest = newest;
  for (const waiting of places) {
    const first = oldestOf(waiting?.byDraft.get(newest.draft));
    if (first !== undefined && first.place < oldest.place) oldest = first;
  }
  return oldest;
}

function latest(calls: readonly (DraftCall | undefined)[]): DraftCall | undefined {
  let found: DraftCall | undefined;
  for (const call of calls) if (call !== undefined && call.place > (found?.place ?? -1)) found = call;
  return found;
}

function newestOf(stack: DraftCall[] | undefined): DraftCall | undefined {
  while (stack?.at(-1)?.open === false) stack.pop();
  return stack?.at(-1);
}

function oldestOf(queue: { readonly calls: DraftCall[]; next: number } | undefined): DraftCall | undefined {
  if (queue === undefined) return undefined;
  while (queue.calls[queue.next]?.open === false) queue.next++;
  return queue.calls[queue.next];
}
