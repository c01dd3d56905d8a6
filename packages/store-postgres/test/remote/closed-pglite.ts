import { PGlite } from "@electric-sql/pglite";
import { MemoryError } from "@relevo/core";
import { createPostgresStore, migratePostgres } from "../../src/index.ts";

// A process of its own, as what is tested is that it survives a PGlite that its owner closed too early.

const pglite = new PGlite();
await migratePostgres({ pglite });
const store = createPostgresStore({ pglite });
const append = () => store.log.append({ tenant: "acme", session: "s-1" }, [{ type: "x-note", body: 1 }]);
await append();
await pglite.close();
const outcomes: string[] = [];
for (const work of [append, () => store.maintenance.expire(), () => migratePostgres({ pglite })]) {
  try {
    await work();
    outcomes.push("none");
  } catch (error) {
    outcomes.push(MemoryError.isInstance(error) ? `${error.code} ${error.outcome}` : String(error));
  }
}
console.log(JSON.stringify({ outcomes }));
