import { MemoryError } from "@relevo/core";
import { type PostgresServer, requireService, startPrivatePostgres } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createPostgresStore,
  type MigrateResult,
  migratePostgres,
  type PostgresStoreOptions,
} from "../src/index.ts";

/** What people are given: their own server, or a database of a provider, in which they are no superuser. */
const versions = [14, 15, 16, 17, 18];

describe.each(versions)("on PostgreSQL %i", (version) => {
  const there = requireService(`postgres-${version}`, {
    for: `as which roles the store works on PostgreSQL ${version}`,
  });
  describe.skipIf(!there)("the store", () => {
    let server: PostgresServer;
    let count = 0;
    const pools: pg.Pool[] = [];

    beforeAll(async () => {
      server = await startPrivatePostgres({ version });
    });
    afterAll(async () => {
      await Promise.all(pools.map((pool) => pool.end()));
      await server?.stop();
    });

    /** Roles belong to the whole server, so each test has names of its own. */
    interface Place {
      readonly database: string;
      readonly owner: string;
      readonly app: string;
      as(role: string): pg.Pool;
      /** As the superuser, in the database. */
      boss(sql: string): Promise<readonly Record<string, unknown>[]>;
      migrate(role: string): Promise<MigrateResult>;
      append(role: string, options?: Partial<PostgresStoreOptions>): Promise<string>;
    }

    /** A database whose owner is a login role with these attributes. */
    async function newPlace(attributes: string): Promise<Place> {
      const number = ++count;
      const [database, owner, app] = [`place_${number}`, `owner_${number}`, `app_${number}`];
      await server.query(`create role ${owner} login ${attributes}`);
      await server.query(`create database ${database} owner ${owner}`);
      const urlOf = (role: string): string => {
        const url = new URL(server.url);
        url.pathname = `/${database}`;
        url.username = role;
        return url.href;
      };
      const as = (role: string): pg.Pool => {
        const pool = new pg.Pool({ connectionString: urlOf(role), max: 2 });
        pools.push(pool);
        return pool;
      };
      const boss = (sql: string) => server.query(sql, urlOf("postgres"));
      return {
        database,
        owner,
        app,
        as,
        boss,
        migrate: (role) => migratePostgres({ pool: as(role), applicationRole: app }),
        async append(role, options = {}) {
          await boss(spy);
          await using store = createPostgresStore({
            applicationRole: app,
            ...options,
            pool: as(role),
          } as PostgresStoreOptions);
          for (const tenant of ["acme", "other"]) {
            await store.log.append({ tenant, session: role }, [{ type: "x-note", body: tenant }]);
            await store.documents.put(
              { tenant, namespace: ["n"], key: role },
              { value: tenant, tags: ["t"] },
            );
          }
          const { items } = await store.documents.find({ tenant: "acme" }, { tags: { any: ["t"] } });
          expect(items.map(({ value }) => value)).toEqual(items.map(() => "acme"));
          expect((await store.log.list("acme")).items.map(({ session }) => session)).toContain(role);
          await store.log.erase({ tenant: "acme", session: role }, { seqs: [{ from: 1, to: 1 }] });
          await store.maintenance.expire();
          const [row] = await boss("select distinct role from public.spied where noted > 0");
          await boss("update public.spied set noted = 0");
          return String(row?.role);
        },
      };
    }

    async function refusal(call: Promise<unknown>): Promise<MemoryError & { run: readonly string[] }> {
      const error = await call.then(
        () => new Error("the call was not refused"),
        (thrown: unknown) => thrown,
      );
      if (!MemoryError.isInstance(error, "denied")) throw error;
      expect(error.outcome).toBe("not-applied");
      const run = (error.details.run ?? []) as readonly string[];
      for (const statement of run) expect(error.message).toContain(statement);
      return Object.assign(error, { run });
    }

    it("works as a superuser, by assuming the application's role", async () => {
      const { migrate, append, app } = await newPlace("");
      expect(await migrate("postgres")).toMatchObject({ applicationRoleReady: true });
      expect(await append("postgres")).toBe(app);
      const refused = await refusal(append("postgres", { rowLevelSecurity: "connected-role" }));
      expect(refused.message).toMatch(/bypasses row-level security/u);
    });

    it("works as the owner who may create roles, and as a role that it has granted the application's", async () => {
      const { as, migrate, append, owner, app } = await newPlace("createrole");
      expect(await migrate(owner)).toMatchObject({ applicationRoleReady: true });
      expect(await append(owner)).toBe(owner);
      const second = `second_${app}`;
      await as(owner).query(`create role ${second} login; grant ${app} to ${second}`);
      expect(await append(second)).toBe(second);
      expect(await migrate(second)).toEqual({ applied: [], sql: [], applicationRoleReady: true });
    });

    it("works as the owner who may create nothing but tables, and later with a role that was made for it", async () => {
      const { boss, migrate, append, owner, app } = await newPlace("");
      expect(await migrate(owner)).toMatchObject({ applicationRoleReady: false });
      expect(await append(owner)).toBe(owner);
      await boss(`create role ${app} nologin; create role second_${app} login in role ${app}`);
      expect(await migrate(owner)).toMatchObject({ applied: [], applicationRoleReady: true });
      expect(await append(`second_${app}`)).toBe(`second_${app}`);
      expect(await append(owner)).toBe(owner);
    });

    it("works as the owner who bypasses row-level security and may create roles, by assuming one", async () => {
      const { migrate, append, owner, app } = await newPlace("createrole bypassrls");
      expect(await migrate(owner)).toMatchObject({ applicationRoleReady: true });
      expect(await append(owner)).toBe(app);
    });

    it("tells who bypasses row-level security what to run, and works after that", async () => {
      const { boss, migrate, append, owner, app } = await newPlace("bypassrls");
      await migrate(owner);
      const { message, run } = await refusal(append(owner));
      expect(message).toMatch(/bypasses row-level security.*Then migrate again as "owner_/u);
      for (const statement of run) await boss(statement);
      await migrate(owner);
      expect(await append(owner)).toBe(app);
      expect(await append(owner, { rowLevelSecurity: "bypassed-on-purpose" })).toBe(owner);
    });

    it("works as a member that does not inherit, by assuming the role", async () => {
      const { boss, migrate, append, owner, app } = await newPlace("createrole");
      await migrate(owner);
      await boss(`create role second_${app} login noinherit in role ${app}`);
      expect(await append(`second_${app}`)).toBe(app);
    });

    it("works for an owner who comes after a superuser, and for no superuser who comes after an owner", async () => {
      const first = await newPlace("");
      await first.migrate("postgres");
      const refused = await refusal(first.append(first.owner));
      expect(refused.message).toMatch(/may not use the schema "relevo", which belongs to "postgres"/u);
      expect((await refusal(first.migrate(first.owner))).run).toEqual(refused.run);
      for (const statement of refused.run) await first.boss(statement);
      expect(await first.append(first.owner)).toBe(first.owner);

      // What the owner puts into its schema would run with the rights of a superuser.
      const other = await newPlace("createrole");
      await other.migrate(other.owner);
      expect((await refusal(other.migrate("postgres"))).message).toContain(`${other.owner} owns the schema`);
      for (const rowLevelSecurity of ["automatic", "application-role", "bypassed-on-purpose"] as const) {
        const { message } = await refusal(other.append("postgres", { rowLevelSecurity }));
        expect(message).toContain(`Connect as "${other.owner}"`);
      }
      const third = await newPlace("");
      await third.boss(`create schema relevo; grant create, usage on schema relevo to ${third.owner}`);
      await third.migrate(third.owner);
      expect((await refusal(third.append("postgres"))).message).toContain(`Connect as "${third.owner}"`);
      expect(await third.append(third.owner)).toBe(third.owner);
    });

    it.each([
      ["superuser", "create on schema relevo"],
      ["superuser", "trigger on relevo.sessions"],
      ["nosuperuser bypassrls createrole", "create on schema relevo"],
      ["nosuperuser bypassrls createrole", "trigger on relevo.events"],
    ])(
      "tells a %s whom others with %s could attack what to run, and works after that",
      async (kind, right) => {
        const { as, boss, migrate, append, owner, app } = await newPlace(kind);
        await migrate(owner);
        await boss(spy);
        const mallory = `Mallory ${app}`;
        await boss(`create role "${mallory}"; grant usage on schema relevo to "${mallory}";
        grant ${right} to "${mallory}" with grant option;
        set role "${mallory}"; grant ${right} to public; reset role`);
        const store = createPostgresStore({ pool: as(owner), applicationRole: app });
        const address = { tenant: "acme", session: "s" };
        const refused = await refusal(store.log.append(address, [{ type: "x-note", body: 1 }]));
        expect(refused.message).toContain(
          right.split(" ")[0] === "create" ? "may create objects" : "triggers",
        );
        for (const statement of refused.run) await boss(statement);
        expect((await store.log.append(address, [{ type: "x-note", body: 1 }])).version).toBe(1);
        expect(await append(owner)).toBe(app);
      },
    );

    it("runs no trigger and no function that another role has left behind with the rights of a superuser", async () => {
      const { boss, migrate, append, app } = await newPlace("");
      await migrate("postgres");
      await boss(`create role mallory_${app}; create function public.planted() returns trigger language plpgsql
          as $$ begin return new; end $$;
        alter function public.planted owner to mallory_${app};
        create trigger planted before insert on relevo.sessions for each row execute function public.planted();
        create function relevo.concat_ws(text, bigint) returns text language sql as 'select null';
        alter function relevo.concat_ws owner to mallory_${app}`);
      const { message, run } = await refusal(append("postgres"));
      expect(message).toContain(`mallory_${app} owns the function concat_ws`);
      expect(run).toHaveLength(2);
      for (const statement of run) await boss(statement);
      expect(await append("postgres")).toBe(app);
    });

    it("tells a role that was never granted anything what to run, and works after that", async () => {
      const { boss, migrate, append, owner, app } = await newPlace("");
      const stranger = `stranger_${app}`;
      await boss(`create role ${stranger} login`);
      const nothing = await refusal(migrate(stranger));
      expect(nothing.message).toMatch(/may not create the schema "relevo" in the database "place_/u);
      await migrate(owner);
      const { message, run } = await refusal(append(stranger));
      expect(message).toMatch(/Then migrate again as "owner_/u);
      for (const statement of run) await boss(statement);
      await migrate(owner);
      expect(await append(stranger)).toBe(stranger);
    });

    it("tells who may not create the schema, or tables in it, what to run, and works after that", async () => {
      const { boss, migrate, append, owner, app } = await newPlace("");
      const poor = `poor_${app}`;
      await boss(`create role ${poor} login`);
      for (const statement of (await refusal(migrate(poor))).run) await boss(statement);
      await migrate(poor);
      expect(await append(poor)).toBe(poor);

      for (const authorization of ["postgres", "the owner"]) {
        const other = await newPlace("");
        const stranger = `${other.app}_poor`;
        const schemaOwner = authorization === "postgres" ? authorization : other.owner;
        await other.boss(`create schema relevo authorization ${schemaOwner}; create role ${stranger} login`);
        const refused = await refusal(other.migrate(stranger));
        expect(refused.message).toContain(`may not create tables in the schema "relevo" of "${schemaOwner}"`);
        for (const statement of refused.run) await other.boss(statement);
        await other.migrate(stranger);
        expect(await other.append(stranger)).toBe(stranger);
      }
      // The owner of the database owns none of the tables.
      await refusal(migrate(owner));
    });

    it("takes a schema that was made for the role, also by hand with the SQL of a dry run", async () => {
      const { boss, as, append, app } = await newPlace("");
      const poor = `poor_${app}`;
      await boss(`create role ${poor} login; create schema relevo authorization ${poor}`);
      const { sql } = await migratePostgres({ pool: as(poor), applicationRole: app, dryRun: true });
      await as(poor).query(sql.join(";\n"));
      expect(await append(poor)).toBe(poor);
    });
  });
});

/** Notes as whom rows are written. */
const spy = `create table if not exists public.spied (role text, noted integer);
grant all on public.spied to public;
create or replace function public.note_role() returns trigger language plpgsql as $$ begin
  insert into public.spied values (current_user, 1);
  return null;
end $$;
create or replace function public.watch() returns void language plpgsql as $$ begin
  if to_regclass('relevo.events') is not null then
    drop trigger if exists spy on relevo.events;
    create trigger spy after insert on relevo.events execute function public.note_role();
  end if;
end $$;
select public.watch();`;
