import { createHash } from "node:crypto";
import { maxRemovedRanges } from "@relevo/core/store";
import { isUpToDate } from "@relevo/embed-sources";
import { requireService } from "@relevo/test-services";
import { type Chunk, parse } from "luaparse";
import { describe, expect, it } from "vitest";
import * as module from "../src/scripts/scripts.generated.ts";
import { useRedis } from "./servers.ts";

const scripts = Object.entries(module).flatMap(([name, value]) =>
  typeof value === "object" ? [{ name, ...value }] : [],
);

it("the scripts are what their Lua files say", async () => {
  expect(await isUpToDate(new URL("../src/scripts", import.meta.url).pathname)).toBe(true);
});

it("have the bound on removed ranges that core has", () => {
  expect(module.maxRemovedRanges).toBe(maxRemovedRanges);
});

/** What Redis gives to a script (https://redis.io/docs/latest/develop/programmability/lua-api/), as far as it is used. */
const given = new Set(
  `KEYS ARGV redis cjson string table math ipairs pairs next select tonumber tostring type unpack`.split(" "),
);

it("are Lua 5.1, and use no name that nothing defines", () => {
  // Redis refuses a global that is not there only when the line runs.
  for (const { name, source } of scripts) {
    const { globals } = parse(source, { luaVersion: "5.1", scope: true }) as Chunk & {
      readonly globals: readonly { readonly name: string }[];
    };
    expect(
      globals.map((one) => one.name).filter((one) => !given.has(one)),
      name,
    ).toEqual([]);
  }
});

describe.skipIf(!requireService("redis", { for: "the syntax of scripts in store-redis" }))("a server", () => {
  const redis = useRedis();

  it("takes every script, and knows it by the hash that calls name", async () => {
    expect(scripts.length).toBeGreaterThan(30);
    for (const { name, source, sha } of scripts) {
      expect(await redis.clients()[0].sendCommand(["SCRIPT", "LOAD", source]), name).toBe(sha);
      expect(createHash("sha1").update(source).digest("hex"), name).toBe(sha);
    }
  });
});
