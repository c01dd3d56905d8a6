import type { RecallPlace, RecallQuery, SearchFilter } from "@relevo/core";
import { type AdmittedPolicy, areRelated } from "./policy.ts";

/** What the index may return for the query. */
export function searchFilterOf(query: RecallQuery, policy: AdmittedPolicy): SearchFilter {
  const { sessions, agents, users, where, since, until } = query;
  const namespaces = namespacesOf(query, policy);
  const kinds = kindsOf(query);
  return {
    ...(sessions === undefined ? {} : { sessions }),
    ...(agents === undefined ? {} : { agents }),
    ...(users === undefined ? {} : { subjects: users }),
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(where === undefined ? {} : { where }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}

/** Messages have no namespace: who names some wants documents, unless `in` says more. */
function kindsOf({ in: places, namespaces }: RecallQuery): SearchFilter["kinds"] {
  if (places === undefined) return namespaces === undefined ? undefined : ["document"];
  const hasDocuments = places.some((place) => place !== "messages");
  return [
    ...(places.includes("messages") ? (["session"] as const) : []),
    ...(hasDocuments ? (["document"] as const) : []),
  ];
}

function namespacesOf(
  { in: places, namespaces }: RecallQuery,
  policy: AdmittedPolicy,
): SearchFilter["namespaces"] {
  if (places === undefined) return namespaces;
  const isDocuments = (place: RecallPlace): place is Exclude<RecallPlace, "messages"> => place !== "messages";
  const allowed = places.filter(isDocuments).flatMap((place) => policy.places[place]);
  if (namespaces === undefined) return allowed;
  // Below both: the longer one of two of which one is below the other.
  return namespaces.flatMap((namespace) =>
    allowed
      .filter((prefix) => areRelated(prefix, namespace))
      .map((prefix) => (prefix.length > namespace.length ? prefix : namespace)),
  );
}
