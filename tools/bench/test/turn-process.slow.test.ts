import { requireService } from "@relevo/test-services";
import { it } from "vitest";
import { runEverySubject } from "./run-every-subject.ts";

const servers = {
  redis: requireService("redis", { for: "turns on Redis" }),
  postgres: requireService("private-postgres", { for: "turns on Postgres" }),
};

for (const [name, there] of Object.entries(servers)) {
  it.skipIf(!there)(`a process runs turns of every subject of ${name}`, () => runEverySubject(name));
}
