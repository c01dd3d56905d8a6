import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { MemoryError } from "@relevo/core";
import pg from "pg";
import { expect, it } from "vitest";
import { createPostgresStore } from "../src/index.ts";

const openssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

it.skipIf(!openssl)(
  "a certificate that nobody has vouched for is named, with what to do about it",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "relevo-tls-"));
    const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    execFileSync(
      "openssl",
      [
        "req",
        "-new",
        "-x509",
        "-days",
        "1",
        "-nodes",
        "-subj",
        "/CN=db",
        "-keyout",
        keyFile,
        "-out",
        certFile,
      ],
      { stdio: "ignore" },
    );
    const pair = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.on("error", () => undefined);
      // The answer to the request for TLS is one letter.
      socket.once("data", () => {
        socket.write("S");
        new TLSSocket(socket, { isServer: true, ...pair }).on("error", () => undefined);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const pool = new pg.Pool({
      connectionString: `postgres://app@127.0.0.1:${port}/app?sslmode=verify-full`,
    });
    try {
      const error = await createPostgresStore({ pool })
        .log.head({ tenant: "acme", session: "s" })
        .catch((thrown: unknown) => thrown);
      expect(MemoryError.isInstance(error, "unavailable")).toBe(true);
      expect((error as MemoryError).outcome).toBe("not-applied");
      expect((error as MemoryError).message).toMatch(
        /not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\).*sslrootcert=FILE/u,
      );
      // Nothing that passes in a moment: it is not tried again.
      expect(connections).toBe(1);
    } finally {
      await pool.end();
      server.close();
      rmSync(folder, { recursive: true });
    }
  },
);
