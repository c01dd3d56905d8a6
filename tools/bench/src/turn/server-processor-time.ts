import { readFileSync } from "node:fs";

/**
 * Milliseconds of processor time that a server's process and its children have taken so far, by the scheduler's own
 * account; `undefined` where the system keeps none. (`/proc/PID/stat` counts in steps of 10 ms for each process.)
 * What a child that has ended took is not in it.
 */
export function serverProcessorTime(pid: number): number | undefined {
  const own = timeOf(pid);
  if (own === undefined) return undefined;
  return childrenOf(pid).reduce((sum, child) => sum + (timeOf(child) ?? 0), own);
}

function childrenOf(pid: number): readonly number[] {
  const text = readProcess(`${pid}/task/${pid}/children`)?.trim() ?? "";
  return text === "" ? [] : text.split(/\s+/u).map(Number);
}

function timeOf(pid: number): number | undefined {
  const nanoseconds = readProcess(`${pid}/schedstat`)?.split(" ")[0];
  return nanoseconds === undefined ? undefined : Number(nanoseconds) / 1e6;
}

/** `undefined` when the process has ended or the system has no such file. */
function readProcess(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined;
  }
}
