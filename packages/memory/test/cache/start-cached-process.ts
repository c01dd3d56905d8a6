import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Done, Participant } from "./participant.ts";
import type { ServerKind } from "./servers.ts";

/** A process of its own with a cached memory on the server. */
export async function startCachedProcess(
  kind: ServerKind,
  url: string,
): Promise<Participant & AsyncDisposable> {
  const child = fork(fileURLToPath(new URL("./cached-process.ts", import.meta.url)), [kind, url]);
  const waiting = new Map<number, PromiseWithResolvers<Done>>();
  const open = (id: number): Promise<Done> => {
    const one = Promise.withResolvers<Done>();
    waiting.set(id, one);
    return one.promise;
  };
  let count = 0;
  child.on("message", ({ id, done }: { readonly id: number; readonly done: Done }) => {
    waiting.get(id)?.resolve(done);
    waiting.delete(id);
  });
  const exited = once(child, "exit");
  void exited.then(() => {
    for (const { reject } of waiting.values())
      reject(new Error("The process with a cached memory has ended."));
  });
  await open(0);
  return {
    act(act) {
      const id = ++count;
      const done = open(id);
      child.send({ id, act });
      return done;
    },
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exited;
    },
  };
}
