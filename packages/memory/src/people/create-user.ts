import type { CallOptions, Page, SessionHead } from "@relevo/core";
import { admitCall, admitOptions } from "@relevo/core/input";
import { TieredMemory } from "../entries/tiered-memory.ts";
import { erase } from "../erasure/erase.ts";
import type { EraseOptions, EraseReport } from "../erasure/erase-report.ts";
import { openUserPlace, userPlace } from "../memory-place.ts";
import { userSessionsFields } from "../options.ts";
import { type ExportProgressOptions, exportData } from "../portability/export-data.ts";
import type { Runtime } from "../runtime.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import type { SessionUser, User, UserSessionsOptions } from "./user.ts";
import { UserGuard } from "./user-guard.ts";

class TenantUser extends TieredMemory implements User {
  readonly tenant: string;
  readonly id: string;
  readonly #runtime: Runtime;
  readonly #guard: UserGuard;

  constructor(runtime: Runtime, tenant: string, id: string, guard: UserGuard) {
    const place = userPlace(id, guard);
    super(runtime, tenant, () => place);
    this.tenant = tenant;
    this.id = id;
    this.#runtime = runtime;
    this.#guard = guard;
  }

  async sessions(given: UserSessionsOptions = {}): Promise<Page<SessionHead>> {
    const options = admitOptions(given, userSessionsFields);
    this.#runtime.requireOpen();
    return this.#runtime.sessions.log.list(this.tenant, { ...options, subject: this.id });
  }

  export(options?: ExportProgressOptions): AsyncIterable<string> {
    return exportData(this.#runtime, this.tenant, { user: this.id }, options);
  }

  async erase(given: EraseOptions = {}): Promise<EraseReport> {
    const report = await erase(this.#runtime, this.tenant, { user: this.id }, given);
    this.#guard.renew();
    return report;
  }
}

export function createUser(runtime: Runtime, tenant: string, id: string): User {
  return new TenantUser(runtime, tenant, id, new UserGuard(tenant, id));
}

class SubjectOfSession extends TieredMemory implements SessionUser {
  readonly tenant: string;
  readonly #handle: SessionHandle;

  constructor(handle: SessionHandle) {
    const { runtime, address } = handle;
    const subject = (options: CallOptions): Promise<string> => handle.subject(options);
    const open = openUserPlace(address.tenant, subject, undefined, handle.requireAlive.bind(handle));
    // The place is the person's own, and asks about the person.
    super(runtime, address.tenant, open, async (options) => {
      await handle.requireAlive(options);
      return { session: address.session };
    });
    this.tenant = address.tenant;
    this.#handle = handle;
  }

  async id(given?: CallOptions): Promise<string> {
    return this.#handle.subject(admitCall(given));
  }
}

export function createSessionUser(handle: SessionHandle): SessionUser {
  return new SubjectOfSession(handle);
}
