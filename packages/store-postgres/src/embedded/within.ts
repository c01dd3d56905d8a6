import { MemoryError } from "@relevo/core";
import { withTimeout } from "@relevo/core/input";

/** The result of the work, which continues by itself when its time is over. @throws `timeout` */
export async function within<Result>(ms: number, work: Promise<Result>, message: string): Promise<Result> {
  const timeoutError = (): MemoryError => new MemoryError("timeout", message, { outcome: "unknown" });
  return await withTimeout(() => work, { timeoutMs: ms, timeoutError });
}
