import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { limitCompileCache } from "../src/compile-cache.ts";

it("removes a compile cache that has grown too large, and leaves others alone", async () => {
  const parent = await mkdtemp(join(tmpdir(), "relevo-compile-cache-"));
  try {
    const folder = join(parent, "cache");
    await mkdir(join(folder, "v24"), { recursive: true });
    for (const name of ["1", "2"]) await writeFile(join(folder, "v24", name), "");
    await limitCompileCache(folder, 3);
    expect(existsSync(join(folder, "v24", "2"))).toBe(true);
    await limitCompileCache(folder, 2);
    expect(existsSync(folder)).toBe(false);
    await limitCompileCache(folder, 2);
    await limitCompileCache(undefined);
  } finally {
    await rm(parent, { recursive: true });
  }
});
