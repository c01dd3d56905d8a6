import { type Durability, MemoryError } from "@relevo/core";
import type { Connection } from "./connection/connection.ts";

/** What the server says of its persistence and its memory. A managed server may hide some of it. */
export interface ServerSettings {
  readonly appendOnly: boolean | undefined;
  readonly appendFsync: string | undefined;
  readonly snapshots: boolean | undefined;
  readonly evictionPolicy: string | undefined;
  /** In bytes; 0 for no bound. */
  readonly maxMemory: number | undefined;
}

/** Reads the settings of each master by INFO, and by CONFIG GET where the server allows it. */
export async function readSettings(
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<readonly ServerSettings[]> {
  const [persistences, memories, fsyncs, saves] = await Promise.all([
    connection.readEach(["INFO", "persistence"], { signal }),
    connection.readEach(["INFO", "memory"], { signal }),
    config(connection, "appendfsync", signal),
    config(connection, "save", signal),
  ]);
  return persistences.map((persistence, index) => {
    const appendOnly = field(`${persistence}`, "aof_enabled");
    const memory = `${memories[index]}`;
    const maxMemory = field(memory, "maxmemory");
    const save = saves?.[index];
    return {
      appendOnly: appendOnly === undefined ? undefined : appendOnly === "1",
      appendFsync: fsyncs?.[index],
      snapshots: save === undefined ? undefined : save !== "",
      evictionPolicy: field(memory, "maxmemory_policy"),
      maxMemory: maxMemory === undefined ? undefined : Number(maxMemory),
    };
  });
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*)$`, "mu").exec(info)?.[1]?.trim();
}

/** `undefined` where the servers do not tell: managed ones rename or forbid CONFIG. */
async function config(
  connection: Connection,
  name: string,
  signal: AbortSignal | undefined,
): Promise<readonly (string | undefined)[] | undefined> {
  try {
    return (await connection.readEach(["CONFIG", "GET", name], { signal })).map((answer) => {
      const value = Array.isArray(answer)
        ? answer[1]
        : (answer as Partial<Record<string, unknown>> | null)?.[name];
      return typeof value === "string" ? value : undefined;
    });
  } catch (error) {
    if (MemoryError.isInstance(error) && (error.code === "denied" || error.code === "corrupt"))
      return undefined;
    throw error;
  }
}

const grades = ["nothing", "all-but-seconds", "process-crash", "machine-crash"] as const;

/** Of several masters, what the weakest promises: nobody knows which of them a session is on. */
export function describeDurability(settings: readonly ServerSettings[]): Durability {
  const all = settings.map(describeOne);
  const least = Math.min(...all.map(({ survives }) => grades.indexOf(survives)));
  const weakest = all.find(({ survives }) => grades.indexOf(survives) === least);
  return weakest ?? { survives: "nothing", detail: "There is no master that could tell how it persists." };
}

function describeOne(settings: ServerSettings): Durability {
  const { appendOnly, appendFsync, snapshots } = settings;
  if (appendOnly === true) {
    if (appendFsync === "always")
      return { survives: "machine-crash", detail: "AOF always: written to disk before it is acknowledged." };
    // Redis answers before it writes to the file while an fsync takes long, for two seconds at most: `aof_buffer_length`.
    // It never does so with `no`. See flushAppendOnlyFile in its src/aof.c.
    if (appendFsync === "everysec" || appendFsync === undefined)
      return {
        survives: "all-but-seconds",
        detail: `AOF ${appendFsync ?? "with an interval that the server does not tell"}: a crash of the machine may lose the newest two seconds, and so may a kill of the server while its disk is slow.`,
      };
    return {
      survives: "process-crash",
      detail: `AOF ${appendFsync}: a crash of the machine may lose what the system has not written.`,
    };
  }
  if (appendOnly === undefined)
    return { survives: "nothing", detail: "The server does not tell how it persists." };
  if (snapshots === true)
    return {
      survives: "nothing",
      detail: "Snapshots (RDB) only: a crash loses everything since the last one.",
    };
  if (snapshots === undefined)
    return { survives: "nothing", detail: "No AOF; whether there are snapshots the server does not tell." };
  return { survives: "nothing", detail: "No persistence: a restart of the server loses everything." };
}

/** Something about the server that an operator should change or know. */
export interface Warning {
  readonly code: "eviction" | "no-memory-bound" | "no-persistence" | "unknown-settings";
  readonly message: string;
}

/** Each warning once, however many masters give reason for it. */
export function warningsOf(settings: readonly ServerSettings[]): readonly Warning[] {
  const byCode = new Map(settings.flatMap(warningsOfOne).map((warning) => [warning.code, warning]));
  return [...byCode.values()];
}

function warningsOfOne(settings: ServerSettings): readonly Warning[] {
  const { evictionPolicy, maxMemory } = settings;
  const warnings: Warning[] = [];
  if (evictionPolicy === undefined || maxMemory === undefined) {
    warnings.push({
      code: "unknown-settings",
      message: "The server does not tell its maxmemory and eviction policy. It must be noeviction.",
    });
  } else if (evictionPolicy !== "noeviction") {
    const bound = maxMemory === 0 ? "; nothing is evicted while maxmemory is 0" : ` at ${maxMemory} bytes`;
    warnings.push({
      code: "eviction",
      message: `maxmemory-policy is ${evictionPolicy}${bound}: Redis may throw away conversations, which then are history-lost. Set it to noeviction.`,
    });
  } else if (maxMemory === 0) {
    warnings.push({
      code: "no-memory-bound",
      message:
        "maxmemory is 0: Redis grows until the system ends it. Set a bound; writes are then refused in time.",
    });
  }
  const durability = describeOne(settings);
  if (durability.survives === "nothing")
    warnings.push({ code: "no-persistence", message: durability.detail });
  return warnings;
}
