import type { Store } from "@relevo/core";
import { MemoryError } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, type PostgresPool, type PostgresStore } from "../src/index.ts";
import { openTestDatabase, type TestDatabase } from "./server.ts";

const tables = [
  "sessions",
  "endings",
  "events",
  "operations",
  "documents",
  "document_tags",
  "document_sources",
  "document_versions",
  "search_tenants",
  "search_streams",
  "search_chunks",
  "search_items",
  "search_postings",
  "search_terms",
  "search_names",
];

/** Something of every kind, for one tenant. */
async function fill(store: Store, tenant: string): Promise<void> {
  const address = { tenant, session: "s-1" };
  await store.log.append(
    address,
    [
      { type: "message", body: { role: "user", content: `secret of ${tenant}` } },
      {
        type: "handoff",
        body: {
          handoffId: "h",
          status: "started",
          from: "a",
          to: "b",
          reason: "r",
          priority: "normal",
          depth: 0,
        },
      },
      { type: "execution", body: { executionId: "e", status: "completed", durationMs: 5 } },
    ],
    { operation: { id: "one", fingerprint: "f" }, init: { subject: "user" } },
  );
  await store.log.append(address, [], { operation: { id: "two", fingerprint: "f" } });
  await store.log.append({ tenant, session: "gone" }, [{ type: "x-note", body: 1 }]);
  await store.log.delete({ tenant, session: "gone" });
  await store.documents.put(
    { tenant, namespace: ["facts"], key: "k" },
    { value: `secret of ${tenant}`, tags: ["t"] },
  );
  await store.documents.put(
    { tenant, session: "s-1", namespace: ["facts"], key: "k" },
    { value: 1, tags: ["t"] },
  );
  const source = { namespace: ["facts"], key: "k" };
  const version = (await store.documents.get({ tenant, ...source }))?.version ?? 0;
  await store.documents.put(
    { tenant, namespace: ["facts"], key: "derived" },
    { value: 1, derivedFrom: { documents: [{ ...source, version }] } },
  );
  await store.documents.put({ tenant, namespace: ["facts"], key: "removed" }, { value: 1 });
  await store.documents.delete({ tenant, namespace: ["facts"], key: "removed" });
  await store.search?.write(tenant, {
    stream: { kind: "document", namespace: ["facts"], key: "k" },
    revision: 1,
    items: [{ position: 0, terms: [["secret", 1, 0]], at: 5, marks: 0, speaker: tenant }],
  });
}

describe.skipIf(!requireService("postgres", { for: "row-level security" }))("row-level security", () => {
  let database: TestDatabase;
  let app: pg.Pool;
  let owner: pg.Pool;
  let store: PostgresStore;

  beforeAll(async () => {
    database = await openTestDatabase();
    app = new pg.Pool({ connectionString: database.url, max: 1 });
    owner = new pg.Pool({ connectionString: database.ownerUrl, max: 2 });
    store = createPostgresStore({ pool: app });
    for (const tenant of ["acme", "other"]) await fill(store, tenant);
  });

  afterAll(async () => {
    await app?.end();
    await owner?.end();
    await database?.[Symbol.asyncDispose]();
  });

  /** Counts the rows of a table as the application sees them, with a tenant set or none. */
  async function count(table: string, tenant: string | undefined): Promise<number> {
    const client = await app.connect();
    try {
      await client.query("begin");
      if (tenant !== undefined) await client.query("select set_config('relevo.tenant', $1, true)", [tenant]);
      const { rows } = await client.query<{ n: number }>(
        `select count(*)::integer as n from relevo.${table}`,
      );
      await client.query("rollback");
      return rows[0]?.n ?? -1;
    } finally {
      client.release();
    }
  }

  it("shows no row of any table without a tenant, and with one exactly its own", async () => {
    for (const table of [...tables, "tenants"]) {
      const { rows } = await owner.query<{ n: number }>(
        `select count(*)::integer as n from relevo.${table} where tenant = 'acme'`,
      );
      expect(rows[0]?.n, `${table}: rows there are`).toBeGreaterThan(0);
      expect(await count(table, undefined), `${table} without a tenant`).toBe(0);
      expect(await count(table, ""), `${table} with an empty tenant`).toBe(0);
      expect(await count(table, "acme"), `${table} of acme`).toBe(rows[0]?.n);
    }
  });

  it("shows nothing of another tenant in the views, whoever owns them", async () => {
    for (const view of ["messages", "handoffs", "executions"]) {
      expect(await count(view, undefined), `${view} without a tenant`).toBe(0);
      expect(await count(view, "acme"), `${view} of acme`).toBe(1);
      // As on PostgreSQL 14, which knows no security_invoker: the view then reads as its owner, here a superuser.
      await owner.query(`alter view relevo.${view} reset (security_invoker)`);
      expect(await count(view, undefined), `${view} as its owner without a tenant`).toBe(0);
      expect(await count(view, "acme"), `${view} of acme as its owner`).toBe(1);
    }
  });

  it("keeps views from showing hidden rows to a reader's own function", async () => {
    await owner.query(`create or replace function public.spy(seen text) returns boolean language plpgsql cost 0.0000001
      as $$ begin raise notice '%', seen; return true; end $$`);
    await owner.query("alter view relevo.messages reset (security_invoker)");
    const notices: string[] = [];
    const client = await app.connect();
    client.on("notice", ({ message }) => void notices.push(message ?? ""));
    await client.query("begin");
    await client.query("select set_config('relevo.tenant', 'acme', true)");
    // The plan in which nothing but the order of conditions decides who sees a row first.
    for (const scan of ["indexscan", "indexonlyscan", "bitmapscan"])
      await client.query(`set local enable_${scan} = off`);
    await client.query("select * from relevo.messages where public.spy(tenant)");
    await client.query("select * from relevo.messages where public.spy(text)");
    await client.query("select * from relevo.events where public.spy(content)");
    await client.query("rollback");
    client.release();
    expect(notices.length).toBeGreaterThan(0);
    expect(notices.filter((notice) => notice.includes("other"))).toEqual([]);
  });

  it("refuses to write a row of another tenant", async () => {
    const client = await app.connect();
    await client.query("begin");
    await client.query("select set_config('relevo.tenant', 'acme', true)");
    await expect(
      client.query("insert into relevo.sessions (tenant, session) values ('other', 'planted')"),
    ).rejects.toThrow(/row-level security/u);
    await client.query("rollback");
    await client.query("begin");
    await client.query("select set_config('relevo.tenant', 'acme', true)");
    const { rowCount } = await client.query("update relevo.events set content = '{}' where tenant = 'other'");
    expect(rowCount).toBe(0);
    await expect(client.query("update relevo.sessions set tenant = 'other'")).rejects.toThrow(
      /row-level security/u,
    );
    await client.query("rollback");
    client.release();
  });

  it("holds when the store's own conditions on the tenant are gone", async () => {
    await using careless = await openTestDatabase(database.server);
    const boss = new pg.Pool({ connectionString: careless.ownerUrl, max: 1 });
    const pool = new pg.Pool({ connectionString: careless.url, max: 1 });
    try {
      expect(await removeTenantConditions(boss)).toBeGreaterThan(30);
      const secured = createPostgresStore({ pool: withoutTenantConditions(pool) });
      for (const tenant of ["acme", "other"]) await fill(secured, tenant);
      const seen = await everythingOf(secured, "acme");
      expect(seen).toContain("secret of acme");
      expect(seen).not.toContain("secret of other");
      expect(await everythingOf(secured, "nobody")).not.toContain("secret");
      await secured.log.erase({ tenant: "acme", session: "s-1" }, { seqs: [{ from: 1, to: 9 }] });
      await secured.log.delete({ tenant: "acme", session: "s-1" });
      expect(await everythingOf(secured, "acme")).toBe(
        await everythingOf(createPostgresStore({ pool }), "acme"),
      );
      expect(await everythingOf(secured, "other")).toContain("secret of other");
      // That the conditions are gone indeed: where nothing else keeps tenants apart, they mix.
      const bypassing = createPostgresStore({
        pool: withoutTenantConditions(boss),
        rowLevelSecurity: "bypassed-on-purpose",
      });
      expect(await everythingOf(bypassing, "acme")).toContain("secret of other");
    } finally {
      await Promise.all([boss.end(), pool.end()]);
    }
  });

  it("never carries a tenant over on a pooled connection", async () => {
    expect(app.options.max).toBe(1);
    await store.log.read({ tenant: "acme", session: "s-1" });
    await store.documents.get({ tenant: "acme", namespace: ["facts"], key: "k" });
    await store.documents.find({ tenant: "acme" });
    await store.log.append({ tenant: "acme", session: "s-2" }, [{ type: "x-note", body: 1 }]);
    await store.maintenance.tenants();
    await store.maintenance.expire();
    const { rows } = await app.query(
      `select coalesce(current_setting('relevo.tenant', true), '') as tenant,
         coalesce(current_setting('relevo.maintenance', true), '') as maintenance`,
    );
    expect(rows).toEqual([{ tenant: "", maintenance: "" }]);
    expect(await count("events", undefined)).toBe(0);
    // Also after a call that failed in the middle.
    const stale = store.log.append({ tenant: "acme", session: "s-2" }, [{ type: "x-note", body: 1 }], {
      expectedVersion: 99,
    });
    await expect(stale).rejects.toThrow();
    expect(await count("events", undefined)).toBe(0);
  });

  it("is forced on every table with rows of tenants, and every key begins with the tenant", async () => {
    const { rows: open } = await owner.query<{ name: string }>(
      `select c.relname as name from pg_class as c
       where c.relnamespace = 'relevo'::regnamespace and c.relkind = 'r' and c.relname !~ '^migrations'
         and not (c.relrowsecurity and c.relforcerowsecurity)`,
    );
    expect(open).toEqual([]);
    const { rows: keys } = await owner.query<{ name: string; first: string }>(
      `select i.indexrelid::regclass::text as name, a.attname as first
       from pg_index as i join pg_class as c on c.oid = i.indrelid
       join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
       where c.relnamespace = 'relevo'::regnamespace and c.relname !~ '^migrations'`,
    );
    expect(keys.length).toBeGreaterThan(10);
    expect(keys.filter(({ first }) => first !== "tenant")).toEqual([]);
  });

  describe("the role", () => {
    const append = (one: Store): Promise<unknown> =>
      one.log.append({ tenant: "acme", session: "role" }, [{ type: "x-note", body: 1 }]);

    const connected = { rowLevelSecurity: "connected-role" } as const;

    it("is refused when it bypasses row-level security, unless told so", async () => {
      const refused = createPostgresStore({ pool: owner, ...connected });
      const error = await append(refused).catch((reason: unknown) => reason);
      expect(MemoryError.isInstance(error, "denied")).toBe(true);
      expect((error as MemoryError).outcome).toBe("not-applied");
      expect((error as Error).message).toMatch(/bypasses row-level security/u);
      await append(createPostgresStore({ pool: owner, rowLevelSecurity: "bypassed-on-purpose" }));
    });

    it("may be a superuser, for whom each transaction assumes the application's role", async () => {
      for (const rowLevelSecurity of ["application-role", "automatic"] as const) {
        const assuming = createPostgresStore({ pool: owner, rowLevelSecurity });
        await append(assuming);
        expect((await assuming.log.list("acme", { prefix: "role" })).items).toHaveLength(1);
        const { rows } = await owner.query("select current_user::text as role");
        expect(rows).toEqual([{ role: "postgres" }]);
      }
    });

    it("is refused when it has the right to bypass, but is no superuser", async () => {
      await owner.query("create role relevo_test_bypass login bypassrls in role relevo_app");
      const url = new URL(database.ownerUrl);
      url.username = "relevo_test_bypass";
      const pool = new pg.Pool({ connectionString: url.href, max: 1 });
      try {
        await expect(append(createPostgresStore({ pool, ...connected }))).rejects.toThrow(
          /bypasses row-level security/u,
        );
      } finally {
        await pool.end();
        await owner.query("drop role relevo_test_bypass");
      }
    });

    it("is not taken for bound when the security of the tables is not forced on their owner", async () => {
      await using place = await openTestDatabase(database.server);
      const boss = new pg.Pool({ connectionString: place.ownerUrl, max: 1 });
      const url = new URL(place.ownerUrl);
      url.username = "relevo_test_unforced";
      const pool = new pg.Pool({ connectionString: url.href, max: 1 });
      try {
        await boss.query(`create role relevo_test_unforced login;
          grant usage on schema relevo to relevo_test_unforced;
          alter table relevo.events no force row level security;
          alter table relevo.events owner to relevo_test_unforced;
          alter table relevo.migrations owner to relevo_test_unforced`);
        await expect(append(createPostgresStore({ pool }))).rejects.toThrow(/security is off for events/u);
        await boss.query("grant relevo_app to relevo_test_unforced");
        await expect(append(createPostgresStore({ pool, ...connected }))).rejects.toThrow(
          /security is off for events/u,
        );
        await append(createPostgresStore({ pool }));
      } finally {
        await pool.end();
        await boss.query("reassign owned by relevo_test_unforced to current_user");
        await boss.query("drop owned by relevo_test_unforced; drop role relevo_test_unforced");
        await boss.end();
      }
    });

    it("is refused when the security of a table was switched off", async () => {
      await owner.query("alter table relevo.operations disable row level security");
      try {
        await expect(append(createPostgresStore({ pool: app }))).rejects.toThrow(
          /security is off for operations/u,
        );
      } finally {
        await owner.query("alter table relevo.operations enable row level security");
      }
      await append(createPostgresStore({ pool: app }));
    });
  });
});

/** What a tenant can get to see, as text. */
async function everythingOf(store: PostgresStore, tenant: string): Promise<string> {
  const scope = { tenant };
  return JSON.stringify([
    await store.log.read({ tenant, session: "s-1" }),
    await store.log.read({ tenant, session: "s-1" }, { pinned: false }),
    await store.log.head({ tenant, session: "s-1" }),
    await store.log.list(tenant),
    await store.log.scan(tenant),
    await store.log.exportEvents({ tenant, session: "s-1" }),
    await store.documents.get({ tenant, namespace: ["facts"], key: "k" }),
    await store.documents.find(scope),
    await store.documents.find(scope, { tags: { any: ["t"] } }),
    await store.documents.find({ tenant, session: "s-1" }),
    await store.documents.namespaces(scope),
  ]);
}

const tenantCondition =
  /(?:\b\w+\.tenant|"\w+"\."tenant") (?:=|operator\(pg_catalog\.=\)) (?:scope\.tenant|unit\.tenant|p_tenant|[a-z]\.tenant)/gu;

/** Takes every condition on the tenant out of the functions of the schema. Returns how many there were. */
async function removeTenantConditions(owner: pg.Pool): Promise<number> {
  const { rows } = await owner.query<{ text: string }>(
    `select pg_get_functiondef(oid) as text from pg_proc where pronamespace = 'relevo'::regnamespace`,
  );
  let removed = 0;
  for (const { text } of rows) {
    const careless = text.replaceAll(tenantCondition, () => {
      removed++;
      return "true";
    });
    if (careless !== text) await owner.query(careless);
  }
  return removed;
}

/** Takes every condition on the tenant out of the statements that are sent. */
function withoutTenantConditions(pool: pg.Pool): pg.Pool {
  return new Proxy(pool, {
    get(target, name) {
      if (name !== "connect") {
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return (callback: Parameters<PostgresPool["connect"]>[0]) =>
        target.connect((error, client) =>
          callback(error, client === undefined ? undefined : withoutConditions(client)),
        );
    },
  });
}

function withoutConditions(client: pg.PoolClient): pg.PoolClient {
  return new Proxy(client, {
    get(inner, member) {
      const value: unknown = Reflect.get(inner, member);
      if (member !== "query") return typeof value === "function" ? value.bind(inner) : value;
      return (query: pg.QueryConfig) => {
        const text = query.text.replaceAll(tenantCondition, "true");
        const { name: _name, ...unnamed } = query;
        return inner.query({ ...unnamed, text });
      };
    },
  });
}
