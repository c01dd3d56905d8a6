import { AsyncLocalStorage } from "node:async_hooks";
import { MemoryError } from "@relevo/core";

type Tell = (error: unknown) => void;

// One for the process: it says whom a tool of a run under `degrade` tells of a failure, and holds no data.
const storage: AsyncLocalStorage<Tell> = new AsyncLocalStorage<Tell>();

/** Does the work of a tool in a run that goes on when the memory fails. */
export function inDegradedRun<Result>(tell: Tell, work: () => Result): Result {
  return storage.run(tell, work);
}

export function isInDegradedRun(): boolean {
  return storage.getStore() !== undefined;
}

/** Tells of a failure of the memory when this run goes on without it; `false` when the failure is to end the work. */
export function toldInRun(error: unknown): boolean {
  const tell = storage.getStore();
  if (tell === undefined || !isMemoryDown(error)) return false;
  tell(error);
  return true;
}

/** Whether the store could not do its work, as opposed to refusing it. */
export function isMemoryDown(error: unknown): boolean {
  return (["unavailable", "timeout", "closed"] as const).some((code) => MemoryError.isInstance(error, code));
}
