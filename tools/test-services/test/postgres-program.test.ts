import { chmod, cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findPostgresBinaries } from "../src/find-binary.ts";
import { initialize, postgresProgram } from "../src/postgres-program.ts";

const embedded = findPostgresBinaries({ RELEVO_POSTGRES_BIN: "embedded" })?.native;

// Only root's programs run as another user.
it.skipIf(embedded === undefined || process.getuid?.() !== 0)(
  "programs of a project that only root may enter are run nevertheless",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "relevo-private-"));
    const dir = await mkdtemp(join(tmpdir(), "relevo-server-"));
    try {
      const native = join(folder, "native");
      await cp(embedded ?? "", native, { recursive: true });
      await chmod(folder, 0o700);
      const [postgres, initdb] = [join(native, "bin", "postgres"), join(native, "bin", "initdb")];
      const program = await postgresProgram({ postgres, initdb, native }, dir);
      await initialize(program, dir, ["-U", "someone"]);
      expect(await readFile(join(dir, "data", "PG_VERSION"), "utf8")).toMatch(/^\d+/u);
    } finally {
      await rm(folder, { recursive: true });
      await rm(dir, { recursive: true });
    }
  },
);
