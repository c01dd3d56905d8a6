import { randomInt } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder and a port that no other private server has, until the folder is removed. */
export interface Reservation {
  readonly dir: string;
  readonly port: number;
}

/**
 * Below the range from which systems take the ports of outgoing connections (32768 on Linux, 49152 elsewhere): one
 * of those could take the port of a server that was killed and is about to come back. Redis Cluster uses the port
 * 10,000 above as well, which this range leaves free.
 */
const firstPort = 10_000;
const lastPort = 19_999;
const clusterBusOffset = 10_000;
const attempts = 100;

/**
 * Takes a free port of 127.0.0.1 and a folder named after it. The folder is the reservation: making it is atomic, so
 * two processes never get one port, and it holds while the server is down between a kill and a restart.
 */
export async function reserveFolder(): Promise<Reservation> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(firstPort, lastPort + 1);
    const dir = join(tmpdir(), `relevo-server-${port}`);
    if (!(await makeFolder(dir))) continue;
    if ((await isFree(port)) && (await isFree(port + clusterBusOffset))) return { dir, port };
    await rm(dir, { recursive: true, force: true });
  }
  throw new Error(`found no free port from ${firstPort} to ${lastPort} in ${attempts} attempts`);
}

async function makeFolder(dir: string): Promise<boolean> {
  try {
    await mkdir(dir, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
