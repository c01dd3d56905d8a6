import { type AdmittedCount, type Answer, findBounds } from "@relevo/core/store";
import { answerOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { countAlone, countInSession } from "../scripts/scripts.generated.ts";
import { documentUnitOf, unitsOf } from "./document-unit.ts";

/** By the order of each unit: the cost follows what has expired and is not removed yet, not the documents. */
export async function countDocuments(context: StoreContext, request: AdmittedCount): Promise<Answer<number>> {
  const { scope, namespace, namespacePrefix } = request;
  const { connection } = context;
  const signal = connection.scope(request.signal);
  // All below two elements is of one owner, and so in one unit.
  const owner = namespace ?? namespacePrefix;
  const isOfAll = owner.length < 2 && namespace === undefined;
  const units = isOfAll ? unitsOf(context, scope) : [documentUnitOf(context, scope, owner)];
  const { low, high = "" } = findBounds(request);
  const counts = await Promise.all(
    units.map(async (unit) =>
      answerOf(
        unit.session === undefined
          ? await connection.script(countAlone, unit.keys, { low, high }, { signal })
          : await connection.script(countInSession, unit.keys, { low, high }, { signal }),
        ([, count]) => Number(count),
      ),
    ),
  );
  const refusal = counts.find(({ refused }) => refused !== undefined);
  if (refusal?.refused !== undefined) return refusal;
  return { ok: counts.reduce((sum, { ok = 0 }) => sum + ok, 0) };
}
