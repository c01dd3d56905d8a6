import type { DocumentDriver } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { deleteDocuments, putDocuments, touchDocument } from "./document-writes.ts";
import { eraseDerived } from "./erase-derived.ts";
import { countDocuments, findDocuments } from "./find.ts";
import { getDocument, getDocuments } from "./get.ts";
import { listNamespaces } from "./namespaces.ts";

/** The documents over the tables `documents` and `document_tags`. Every call but a `find` is one round trip. */
export function createDocumentDriver(context: StoreContext): DocumentDriver {
  const { database } = context;
  return {
    async get({ addresses, signal }) {
      const [first, ...more] = addresses;
      if (first === undefined) return { ok: [] };
      const documents =
        more.length === 0
          ? [await getDocument(database, first, signal)]
          : await getDocuments(database, addresses, signal);
      return { ok: documents };
    },

    put: (request) => putDocuments(context, request),
    delete: (request) => deleteDocuments(context, request),
    eraseDerived: (request) => eraseDerived(context, request),
    touch: (request) => touchDocument(context, request),
    find: async (request) => ({ ok: await findDocuments(database, request) }),
    count: async (request) => ({ ok: await countDocuments(database, request) }),
    namespaces: async (request) => ({ ok: await listNamespaces(database, request) }),
  };
}
