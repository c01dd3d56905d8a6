import { createRedisStore } from "@relevo/store-redis";
import { createClient } from "redis";
import { createHandoffs } from "../../src/create-handoffs.ts";

/** Hands over in the store at this address, says so, and works until it is killed. */
const [, , url = "", signOfLifeMs = ""] = process.argv;
const client = await createClient({ url }).connect();
const { log, documents } = createRedisStore({ client });
const handoffs = createHandoffs({ log, documents, signOfLifeMs: Number(signOfLifeMs) });
await handoffs.run(
  {
    session: { tenant: "acme", session: "lead-7" },
    from: "coordinator",
    to: "qualifier",
    reason: "new lead",
  },
  async () => {
    console.log("running");
    await new Promise(() => setInterval(() => undefined, 60_000));
  },
);
