import { createUuidGenerator, type Store } from "@relevo/core";
import { isCreatedStore } from "@relevo/core/store";
import type { CaseContext, ConformanceCase, Mutant, StoreFixture, StoreHarness } from "./harness.ts";

const tenants = createUuidGenerator();

/**
 * Runs one case against a fresh fixture and a tenant that nothing else uses. Needs no test runner.
 *
 * Rejects with what the case found; the fixture is disposed of either way.
 */
export async function runCase(entry: ConformanceCase, harness: StoreHarness): Promise<void> {
  await using fixture = await harness.open();
  const everyPlace = harness.provesAdmission === true || !isCreatedStore(fixture.store);
  await entry.run(contextOf(fixture, everyPlace));
}

/** As `runCase`, with both handles of the fixture broken by the mutant. */
export async function runMutant(
  mutant: Mutant,
  entry: ConformanceCase,
  fixture: StoreFixture,
): Promise<void> {
  const shared = new Map<string, unknown>();
  const context = contextOf(fixture, true);
  await entry.run({
    ...context,
    store: mutant.mutate(fixture.store, shared),
    other: mutant.mutate(fixture.other, shared),
  });
}

function contextOf(fixture: StoreFixture, everyPlace: boolean): CaseContext {
  const handles: { readonly store: Store; readonly other: Store } = fixture;
  return {
    store: handles.store,
    other: handles.other,
    tenant: `tenant-${tenants.next()}`,
    everyPlace,
    advance: (ms) => fixture.advance(ms),
    ...(fixture.rewind === undefined ? {} : { rewind: fixture.rewind.bind(fixture) }),
    ...(fixture.loseSession === undefined ? {} : { loseSession: fixture.loseSession.bind(fixture) }),
    ...(fixture.lagMs === undefined ? {} : { lagMs: fixture.lagMs }),
  };
}
