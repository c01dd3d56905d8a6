import { closedError } from "../input/conflict.ts";
import type { ChangeFeed } from "../ports/change-feed.ts";
import type { DocumentStore } from "../ports/document-store.ts";
import type { DocumentTransfer } from "../ports/document-transfer.ts";
import type { EventLog } from "../ports/event-log.ts";
import type { EventTransfer } from "../ports/event-transfer.ts";
import type { InProcessLog } from "../ports/in-process-log.ts";
import type { Leases } from "../ports/leases.ts";
import type { SearchIndex } from "../ports/search-index.ts";
import type { Maintenance, Store } from "../ports/store.ts";
import { createDerivation } from "./derivation.ts";
import { createDocumentPort } from "./document-port.ts";
import { createDocumentTransferPort } from "./document-transfer-port.ts";
import type { FeedDriver, LeaseDriver, LogDriver, MaintenanceDriver, StoreDriver } from "./driver.ts";
import { createFeedPort } from "./feed-port.ts";
import { createLeasePort } from "./lease-port.ts";
import { createLogPort, createScanPort, createTransferPort } from "./log-port.ts";
import { createMaintenancePort } from "./maintenance-port.ts";
import { createTokenGenerator } from "./token-generator.ts";

const marker: unique symbol = Symbol.for("relevo.createdStore") as never;

/** The store that `createStore` makes of a driver: it has the ports that the driver has. */
export type CreatedStore<Driver extends StoreDriver = StoreDriver> = Store & {
  readonly log: EventLog & EventTransfer;
  readonly documents: DocumentStore & DocumentTransfer;
} & Having<Driver, { readonly leases: LeaseDriver }, { readonly leases: Leases }> &
  Having<Driver, { readonly feed: FeedDriver }, { readonly feed: ChangeFeed }> &
  Having<Driver, { readonly maintenance: MaintenanceDriver }, { readonly maintenance: Maintenance }> &
  Having<Driver, { readonly search: SearchIndex }, { readonly search: SearchIndex }>;

type Having<Driver, Part, Port> = Driver extends Part ? Port : unknown;

/**
 * A store over a driver. Does once what every store needs: refuses calls after `close`, looks at signals, admits what
 * callers pass, makes the typed error of a refusal, encodes cursors, and waits for leases. What a driver answers goes to
 * the caller as it is.
 *
 * The result may be spread into a store that offers more.
 */
export function createStore<const Driver extends StoreDriver>(driver: Driver): CreatedStore<Driver> {
  const { limits }: StoreDriver = driver;
  const nextToken = createTokenGenerator();
  const derivation = createDerivation(driver);
  let open = true;
  let closing: Promise<void> | undefined;

  function requireOpen(): void {
    if (!open) throw closedError();
  }

  const paced = driver.nextTurn === undefined ? <Calls>(calls: Calls) => calls : pacedBy(driver);
  const leases = driver.leases && createLeasePort(driver.leases, limits, requireOpen, paced);

  async function end(): Promise<void> {
    if (!open) return;
    open = false;
    leases?.close();
    await driver.close();
  }

  function close(): Promise<void> {
    closing ??= end();
    return closing;
  }

  const store: Store = {
    limits,
    log: {
      ...paced({
        ...createLogPort(driver.log, limits, requireOpen, nextToken, derivation),
        ...createTransferPort(driver.transfer, limits, requireOpen, nextToken),
        ...createScanPort(driver.scan, limits, requireOpen),
      }),
      ...inProcessLog(driver.log, requireOpen),
    },
    documents: paced({
      ...createDocumentPort(driver.documents, limits, requireOpen, derivation),
      ...createDocumentTransferPort(driver, requireOpen, derivation),
    }),
    ...(leases && { leases: paced(leases.leases) }),
    ...(driver.feed && { feed: paced(createFeedPort(driver.feed, limits, requireOpen)) }),
    ...(driver.maintenance && {
      maintenance: paced(createMaintenancePort(driver.maintenance, limits, requireOpen)),
    }),
    ...(driver.search && { search: driver.search }),
    close,
    [Symbol.asyncDispose]: close,
  };
  return Object.freeze({ ...store, [marker]: true }) as unknown as CreatedStore<Driver>;
}

function inProcessLog(driver: LogDriver, requireOpen: () => void): Partial<InProcessLog> {
  if (driver.presentToken === undefined) return {};
  return {
    presentToken(address) {
      requireOpen();
      return driver.presentToken?.(address);
    },
  };
}

/** Whether `createStore` of any installed copy made the store, or what it is spread from. */
export function isCreatedStore(store: Store): boolean {
  return marker in store;
}

/** No call of a port takes more than three arguments; passing on any number of them takes measurably longer. */
type Call = (first?: unknown, second?: unknown, third?: unknown) => Promise<unknown>;

/**
 * The same calls, some of which answer only after the event loop has turned. The work itself is done when a call is
 * made, so calls stay atomic and in their order; only the answer waits.
 */
function pacedBy(driver: StoreDriver): <Calls extends object>(calls: Calls) => Calls {
  const pacedCall =
    (call: Call): Call =>
    (first, second, third) => {
      const work = call(first, second, third);
      const turn = driver.nextTurn?.();
      return turn === undefined ? work : afterTurn(work, turn);
    };
  return <Calls extends object>(calls: Calls) => {
    const entries = Object.entries(calls) as readonly (readonly [string, Call])[];
    return Object.fromEntries(entries.map(([name, call]) => [name, pacedCall(call)])) as Calls;
  };
}

async function afterTurn(work: Promise<unknown>, turn: Promise<void>): Promise<unknown> {
  try {
    return await work;
  } finally {
    await turn;
  }
}
