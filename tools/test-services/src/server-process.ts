import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "./poll.ts";
import { isAlive, processTree, signalAll } from "./process-tree.ts";
import { type Reservation, reserveFolder } from "./reserve-folder.ts";
import { exitOf, startWatchdog } from "./watchdog.ts";

/** What tests do to a running server. All of it works on this server alone. */
export interface ServerControl {
  readonly host: string;
  readonly port: number;
  /** Holds the server's data and its log; removed by `stop`. */
  readonly dir: string;
  /** Of the server's main process; another one after `restart`. 0 while it is down. */
  readonly pid: number;
  /**
   * Sends a signal, SIGKILL when left out, and resolves when the server is down. SIGKILL reaches its children too,
   * as a power cut would. Data and port stay, for `restart`.
   */
  kill(signal?: "SIGKILL" | "SIGTERM" | "SIGINT" | "SIGQUIT"): Promise<void>;
  /** Stops the server with its children (SIGSTOP): connections stay open and nobody answers. */
  pause(): void;
  /** Lets a paused server go on. */
  resume(): void;
  /** Starts the server again on the same port and folder; one that runs is ended in good order first. */
  restart(): Promise<void>;
  /** What the server has printed so far. */
  readLog(): Promise<string>;
  /** Ends the server and removes its folder. Idempotent. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

export interface ServerKind {
  /** For messages, such as `redis-server`. */
  readonly name: string;
  /** See `WatchdogOptions`. */
  readonly gently: boolean;
  /** Ends the server in good order without waiting for its clients; SIGTERM when left out. */
  readonly endSignal?: "SIGTERM" | "SIGINT";
  /** Runs once in the new folder, before the first start. */
  prepare?(dir: string, port: number): Promise<void>;
  command(dir: string, port: number): ServerCommand;
  /** Whether this very process answers on the port; throwing means not yet. */
  isReady(port: number, pid: number, dir: string): Promise<boolean>;
}

const startDeadlineMs = 300_000;
const attempts = 5;

/** Starts a server of its own folder and port, and resolves when it answers. A port that somebody took is retried. */
export async function startServer(kind: ServerKind): Promise<ServerControl> {
  for (let attempt = 1; ; attempt += 1) {
    const server = await reserveServer(kind);
    try {
      await server.restart();
      return server;
    } catch (error) {
      const taken = /address already in use/iu.test(await server.readLog());
      await server.stop();
      if (!taken || attempt === attempts) throw error;
    }
  }
}

async function reserveServer(kind: ServerKind): Promise<ServerControl> {
  const { dir, port } = await reserveFolder();
  const watchdog = startWatchdog({ dir, gently: kind.gently });
  const logFile = join(dir, "server.log");
  const readLog = () => readFile(logFile, "utf8").catch(() => "");
  let child: ChildProcess | undefined;
  let stopped: Promise<void> | undefined;
  try {
    await kind.prepare?.(dir, port);
  } catch (error) {
    await watchdog.end();
    throw error;
  }

  const pid = () => (child !== undefined && isRunning(child) ? (child.pid ?? 0) : 0);
  const tree = () => (pid() === 0 ? [] : processTree(pid()));

  const control: ServerControl = {
    host: "127.0.0.1",
    port,
    dir,
    get pid() {
      return pid();
    },
    async kill(signal = "SIGKILL") {
      const pids = tree();
      if (child === undefined || pids.length === 0) return;
      signalAll(pids, "SIGCONT");
      signalAll(signal === "SIGKILL" ? pids : pids.slice(0, 1), signal);
      await exitOf(child);
      await poll(() => !pids.some(isAlive), { waitingFor: () => `the children of ${kind.name} to end` });
    },
    pause: () => signalAll(tree(), "SIGSTOP"),
    resume: () => signalAll(tree(), "SIGCONT"),
    async restart() {
      if (stopped !== undefined) throw new Error(`this ${kind.name} was stopped and its folder is gone`);
      await control.kill(kind.endSignal ?? "SIGTERM");
      child = launch(kind.command(dir, port), logFile);
      const launched = child;
      const started = launched.pid;
      if (started !== undefined) {
        watchdog.watch(started);
        launched.once("exit", () => watchdog.forget(started));
      }
      await whenReady(kind, launched, { port, dir }, readLog);
    },
    readLog,
    stop() {
      stopped ??= (async () => {
        await watchdog.end();
        // Nothing is left to do unless somebody has killed the watchdog.
        await control.kill();
        await rm(dir, { recursive: true, force: true });
      })();
      return stopped;
    },
    [Symbol.asyncDispose]: () => control.stop(),
  };
  return control;
}

function launch(command: ServerCommand, logFile: string): ChildProcess {
  const log = openSync(logFile, "a");
  try {
    const child = spawn(command.file, command.args, {
      // Not in our process group: Ctrl-C is for the tests, which may still need the server to clean up.
      detached: true,
      stdio: ["ignore", log, log],
      ...(command.env === undefined ? {} : { env: command.env }),
      ...(command.uid === undefined ? {} : { uid: command.uid }),
      ...(command.gid === undefined ? {} : { gid: command.gid }),
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Resolves when the server answers. @throws Error with the end of its log when it has ended or takes too long. */
async function whenReady(
  kind: ServerKind,
  child: ChildProcess,
  { port, dir }: Reservation,
  readLog: () => Promise<string>,
): Promise<void> {
  let failure: Error | undefined;
  child.once("error", (error) => {
    failure = error;
  });
  const describe = async (what: string) => `${kind.name} ${what}\n${tail(await readLog())}`;
  await poll(
    async () => {
      if (failure !== undefined) throw new Error(`${kind.name} cannot be started`, { cause: failure });
      const { pid } = child;
      if (pid !== undefined && !isRunning(child)) {
        throw new Error(await describe(`ended with ${child.signalCode ?? `exit code ${child.exitCode}`}:`));
      }
      return pid !== undefined && (await kind.isReady(port, pid, dir).catch(() => false));
    },
    { deadlineMs: startDeadlineMs, waitingFor: () => describe("to answer:") },
  );
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function tail(log: string): string {
  return log.split("\n").slice(-20).join("\n");
}
