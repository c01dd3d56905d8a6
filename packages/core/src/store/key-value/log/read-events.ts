import type { ReadResult } from "../../../ports/event-log.ts";
import type { Answer } from "../../answer.ts";
import type { AdmittedRead } from "../../log-calls.ts";
import type { DriverContext } from "../context.ts";
import { readLog } from "./log-snapshot.ts";
import { readBelow } from "./read-below.ts";
import { readPage } from "./read-page.ts";

export async function readEvents(
  context: DriverContext,
  request: AdmittedRead,
): Promise<Answer<ReadResult | undefined>> {
  const ok = await readLog(context, request.address, request, async (log) => {
    const { state } = log;
    if (request.unlessToken === state.token) {
      const { incarnation, token, version, revision, removalRevision } = state;
      return { incarnation, token, version, revision, removalRevision, events: [] };
    }
    const page = await readPage(log, request);
    const { below } = request;
    return {
      incarnation: state.incarnation,
      token: state.token,
      version: state.version,
      revision: state.revision,
      removalRevision: state.removalRevision,
      ...page,
      ...(below === undefined ? {} : { below: await readBelow(log, below, page.events) }),
    };
  });
  return { ok };
}
