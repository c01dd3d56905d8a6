import { fingerprint } from "@relevo/core";
import { openEmbedded } from "../src/index.ts";

/**
 * Opens the folder, says so, and appends and puts until it is killed. Each number is told once it was acknowledged.
 */
const [folder = "", from = "0"] = process.argv.slice(2);

process.on("disconnect", () => process.exit());
const store = await openEmbedded(folder);
process.send?.({ kind: "open" });

const writers = Array.from({ length: 4 }, async (_, lane) => {
  for (let number = Number(from) + lane; ; number += 4) {
    const id = String(number);
    const events = [{ type: "message", body: { role: "user", content: id } }] as const;
    const operation = { id, fingerprint: fingerprint(events) };
    await store.log.append({ tenant: "acme", session: `lane-${lane % 2}` }, events, { operation });
    process.send?.({ kind: "append", number });
    await store.documents.put(
      { tenant: "acme", namespace: ["n"], key: id },
      { value: number, tags: ["even"] },
    );
    process.send?.({ kind: "put", number });
  }
});
await Promise.all(writers);
