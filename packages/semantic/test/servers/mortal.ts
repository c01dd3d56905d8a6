import type { FactRequest, WrittenFact } from "@relevo/core";

/** How many calls a process has made, and after which one it is killed. */
export interface Life {
  calls: number;
  readonly last: number;
}

/** The port in a process that is killed once its last call has reached the server: before its answer, or after it. */
export function mortal<Port extends object>(port: Port, life: Life): Port {
  return new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        const isLast = ++life.calls === life.last;
        const answer: Promise<unknown> = Reflect.apply(method, target, args);
        if (!isLast) return await answer;
        // The call is on its way; whether it arrives is up to the moment.
        if (life.last % 2 === 0) await answer;
        process.kill(process.pid, "SIGKILL");
        return await new Promise(() => undefined);
      };
    },
  });
}

/** One fact for each message. */
export async function shout({ messages }: FactRequest): Promise<readonly WrittenFact[]> {
  return messages.map(({ seq, text }) => ({ text: `It was said: ${text}`, from: [seq] }));
}
