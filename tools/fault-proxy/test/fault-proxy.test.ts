import { setImmediate as tick } from "node:timers/promises";
import { expect, it } from "vitest";
import { type FaultProxyOptions, startFaultProxy } from "../src/index.ts";
import { connect, type EchoServer, startEchoServer } from "./fixture.ts";

async function until(reached: () => boolean): Promise<void> {
  const deadline = performance.now() + 300_000;
  while (!reached()) {
    if (performance.now() > deadline) throw new Error("waited five minutes in vain");
    await tick();
  }
}

const before = (server: EchoServer, options: Partial<FaultProxyOptions> = {}) =>
  startFaultProxy({ target: server, ...options });

it("passes bytes on both ways, and both closes", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server);
  const client = await connect(proxy);
  expect(await client.ask("hola")).toBe("hola");
  const long = "x".repeat(2_000_000);
  expect(await client.ask(long)).toBe(long);
  expect(proxy.connections).toBe(1);
  expect(proxy.url("redis://user@localhost:6379/2")).toBe(`redis://user@127.0.0.1:${proxy.port}/2`);

  client.close();
  await until(() => server.gone === 1 && proxy.connections === 0);
});

it("cuts all connections, and takes new ones", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server);
  const clients = [await connect(proxy), await connect(proxy)];
  for (const client of clients) await client.ask("there");
  expect(proxy.cutAll()).toBe(2);
  for (const client of clients) expect(await client.closed).toBe("ECONNRESET");
  await until(() => server.gone === 2);
  expect(proxy.connections).toBe(0);
  expect(await (await connect(proxy)).ask("again")).toBe("again");
});

it("closes instead of resetting when told so", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server, { cutWith: "close" });
  const client = await connect(proxy);
  await client.ask("there");
  proxy.cutAll();
  expect(await client.closed).toBe("end");
});

it("cuts before the server has got the request", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server);
  const client = await connect(proxy);
  await client.ask("first");
  const cut = proxy.cutAfter({ direction: "request", bytes: 0 });
  await expect(client.ask("lost")).rejects.toThrow("ECONNRESET");
  await cut;
  await until(() => server.gone === 1);
  expect(server.lines).toEqual(["first"]);
  expect(proxy.cuts).toEqual({ before: 1, after: 0 });

  // For one cut: the next connection works.
  expect(await (await connect(proxy)).ask("next")).toBe("next");
});

it("cuts after the server has got the request, before the client has the answer", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server);
  const client = await connect(proxy);
  await client.ask("first");
  const cut = proxy.cutAfter({ direction: "response", bytes: 0 });
  await expect(client.ask("applied")).rejects.toThrow("ECONNRESET");
  await cut;
  expect(server.lines).toEqual(["first", "applied"]);
  expect(proxy.cuts).toEqual({ before: 0, after: 1 });
});

it("cuts in the middle of a request, at the very byte, and lets nothing slip through behind it", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server, { cutWith: "close" });
  const [client, other] = [await connect(proxy), await connect(proxy)];
  const cut = proxy.cutAfter({ direction: "request", bytes: "whole\npart".length });
  expect(await client.ask("whole")).toBe("whole");
  // Held back, so that the next line arrives while the cut is still to come, and is due at the same moment.
  proxy.delay(30);
  client.ask("part of it").catch(() => undefined);
  for (let index = 0; index < 20; index += 1) await tick();
  proxy.delay(0);
  client.ask("behind").catch(() => undefined);
  await cut;
  await until(() => server.gone === 1);
  expect(server.received).toBe("whole\npart");
  expect(await other.ask("the other goes on")).toBe("the other goes on");
});

for (const how of [{ chance: 0.2 }, { bytes: 30 }] as const) {
  it(`cuts again and again at both places, alike for one seed, by ${Object.keys(how)[0]}`, async () => {
    const story = async (seed: number) => {
      await using server = await startEchoServer();
      await using proxy = await before(server);
      proxy.cutEvery({ ...how, seed });
      const outcomes: string[] = [];
      let client = await connect(proxy);
      for (let index = 0; index < 100; index += 1) {
        const line = `line-${index}`;
        const answer = await client.ask(line).catch(() => "cut");
        outcomes.push(`${line} ${answer} ${server.lines.includes(line) ? "stored" : "not stored"}`);
        if (answer === "cut") client = await connect(proxy);
      }
      proxy.stopCutting();
      expect(await client.ask("calm")).toBe("calm");
      return { outcomes, cuts: proxy.cuts };
    };
    const first = await story(7);
    expect(await story(7)).toEqual(first);
    expect((await story(8)).outcomes).not.toEqual(first.outcomes);
    const seen = new Set(first.outcomes.map((outcome) => outcome.replace(/line-\d+/gu, "line")));
    expect(seen).toEqual(new Set(["line line stored", "line cut stored", "line cut not stored"]));
    expect(first.cuts.before).toBeGreaterThan(3);
    expect(first.cuts.after).toBeGreaterThan(3);
  });
}

it("cuts at one place only when it is named", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server);
  proxy.cutEvery({ chance: 1, seed: 1, place: "after" });
  for (let index = 0; index < 5; index += 1) {
    await expect((await connect(proxy)).ask(`${index}`)).rejects.toThrow("ECONNRESET");
  }
  expect(server.lines).toEqual(["0", "1", "2", "3", "4"]);
  expect(proxy.cuts).toEqual({ before: 0, after: 5 });
});

it("stalls half-open: accepts, swallows, and cuts what it has cost bytes when it ends", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server);
  const [talker, idle] = [await connect(proxy), await connect(proxy)];
  await Promise.all([talker.ask("one"), idle.ask("two")]);
  proxy.stall();
  const late = await connect(proxy);
  const lost = [talker.ask("swallowed"), late.ask("swallowed too")].map((answer) =>
    answer.catch((error: Error) => error.message),
  );
  let settled = 0;
  for (const answer of lost) void answer.then(() => (settled += 1));
  // Another pair of sockets carries bytes meanwhile, so that these have had the time that they would need.
  const direct = await connect(server);
  for (let index = 0; index < 50; index += 1) await direct.ask("meanwhile");
  expect(settled).toBe(0);
  expect(server.lines.filter((line) => line.startsWith("swallowed"))).toEqual([]);

  proxy.resume();
  expect(await Promise.all(lost)).toEqual(["ECONNRESET", "ECONNRESET"]);
  expect(await idle.ask("still there")).toBe("still there");
});

it("tells nobody of a close during a stall", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server);
  const client = await connect(proxy);
  await client.ask("here");
  proxy.stall();
  client.close();
  await client.closed;
  const direct = await connect(server);
  for (let index = 0; index < 50; index += 1) await direct.ask("meanwhile");
  expect(server.gone).toBe(0);
  proxy.resume();
  await until(() => server.gone === 1);
});

it("delays each direction and keeps the order", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server);
  const [client, direct] = [await connect(proxy), await connect(server)];
  await client.ask("fast");
  proxy.delay(40);
  const started = performance.now();
  const answer = client.ask("slow");
  for (let index = 0; index < 50; index += 1) await direct.ask("meanwhile");
  // By now the proxy holds the line back; what is sent without a delay must not overtake it.
  proxy.delay(0);
  const next = client.ask("next");
  expect(await answer).toBe("slow");
  expect(performance.now() - started).toBeGreaterThanOrEqual(39);
  expect(await next).toBe("next");
  expect(server.lines.filter((line) => line !== "meanwhile")).toEqual(["fast", "slow", "next"]);

  proxy.delay(40);
  const again = performance.now();
  await client.ask("both ways");
  expect(performance.now() - again).toBeGreaterThanOrEqual(79);
});

it("refuses new connections, keeps the open ones, and accepts again on the same port", async () => {
  await using server = await startEchoServer();
  await using proxy = await before(server);
  const client = await connect(proxy);
  await client.ask("in");
  proxy.refuse();
  await expect(connect(proxy)).rejects.toThrow("ECONNREFUSED");
  expect(await client.ask("still in")).toBe("still in");
  await proxy.accept();
  expect(await (await connect(proxy)).ask("back")).toBe("back");
});

it("sends new connections elsewhere, and resets them where nobody listens", async () => {
  await using one = await startEchoServer("one ");
  const other = await startEchoServer("other ");
  await using proxy = await before(one);
  const client = await connect(proxy);
  expect(await client.ask("who")).toBe("one who");
  proxy.retarget(other);
  expect(await client.ask("who")).toBe("one who");
  expect(await (await connect(proxy)).ask("who")).toBe("other who");

  await other[Symbol.asyncDispose]();
  const orphan = await connect(proxy);
  // Which of the two it is depends on whether the reset comes before or after the write.
  await expect(orphan.ask("who")).rejects.toThrow(/ECONNRESET|EPIPE/u);
});

it("stops for good", async () => {
  await using server = await startEchoServer();
  const proxy = await before(server);
  const client = await connect(proxy);
  await client.ask("here");
  await proxy.stop();
  await proxy.stop();
  expect(await client.closed).toBe("ECONNRESET");
  await expect(connect(proxy)).rejects.toThrow("ECONNREFUSED");
  await expect(proxy.accept()).rejects.toThrow("was stopped");
});
