import type { Mutant } from "../harness.ts";
import { storeMutant } from "./documents/document-mutant.ts";
import { logMutant, without } from "./log-mutant.ts";

const target = "transfer/late-mover-changes-nothing";

/** Stores that let a process move a session which has slept past its lease. */
export const transferFenceMutants: readonly Mutant[] = [
  logMutant("seal-ignores-the-fence", target, "the fence of a seal is not looked at", (log) => ({
    seal: (address, options = {}) => log.seal(address, without(options, "fence")),
  })),
  logMutant("unseal-ignores-the-fence", target, "the fence of an unseal is not looked at", (log) => ({
    unseal: (address, options = {}) => log.unseal(address, without(options, "fence")),
  })),
  logMutant(
    "second-seal-ignores-the-fence",
    target,
    "who seals what is sealed already is not asked for the fence",
    (log) => ({
      async seal(address, options = {}) {
        const isSealed = (await log.head(address))?.sealed === true;
        return log.seal(address, isSealed ? without(options, "fence") : options);
      },
    }),
  ),
  logMutant(
    "seal-takes-unfenced-writes-for-a-holder",
    target,
    "an append without a fence makes every granted fence late",
    (log) => {
      let isUnfenced = false;
      return {
        async append(address, events, options = {}) {
          const result = await log.append(address, events, options);
          isUnfenced ||= options.fence === undefined && result.version > 2;
          return result;
        },
        seal: (address, options = {}) => log.seal(address, isUnfenced ? { ...options, fence: 1 } : options),
      };
    },
  ),
  logMutant("delete-ignores-the-fence", target, "the fence of a delete is not looked at", (log) => ({
    delete: (address, options = {}) => log.delete(address, without(options, "fence")),
  })),
  logMutant("import-ignores-the-fence", target, "the fence of an import is not looked at", (log) => ({
    importEvents: (address, batch, options = {}) =>
      log.importEvents(address, batch, without(options, "fence")),
  })),
  logMutant(
    "first-import-ignores-the-fence",
    target,
    "the fence of an import is looked at only where there is a session",
    (log) => ({
      async importEvents(address, batch, options = {}) {
        const isHere = (await log.head(address)) !== undefined;
        return log.importEvents(address, batch, isHere ? options : without(options, "fence"));
      },
    }),
  ),
  storeMutant(
    "transfer/documents-import-ignores-the-fence",
    target,
    "the fence of an import of documents is not looked at",
    ({ documents }) => ({
      documents: {
        importDocuments: (scope, batch, options = {}) =>
          documents.importDocuments(scope, batch, without(options, "fence")),
      },
    }),
  ),
];
