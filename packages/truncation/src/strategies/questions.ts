import type { Entry, Group, Grouping } from "@relevo/messages";

/**
 * Of groups that are to go, those that may: a group that asks whether a call may run stays as long as the call's group
 * does, and so does what asks about its own calls.
 */
export function withoutQuestions({ groups, approvals }: Grouping, going: readonly Group[]): Group[] {
  const goes = new Set(going);
  const asking = new Map<Group, Entry[]>();
  for (const { entry, group } of approvals) append(asking, group, entry);
  if (asking.size === 0) return [...goes];
  const groupsOf = new Map<Entry, Group[]>();
  for (const group of groups) for (const entry of group.entries) append(groupsOf, entry, group);
  // Grows while it is walked.
  const stays = groups.filter((group) => !goes.has(group));
  for (const group of stays) {
    for (const entry of asking.get(group) ?? []) {
      const its = groupsOf.get(entry) ?? [];
      // One group that stays is enough to keep the message.
      if (!its.every((one) => goes.has(one))) continue;
      for (const one of its) if (goes.delete(one)) stays.push(one);
    }
  }
  return going.filter((group) => goes.has(group));
}

/** Messages that stand in no group and ask or answer about a call of one of these. */
export function questionsAbout({ leftovers, approvals }: Grouping, groups: readonly Group[]): Set<Entry> {
  const stays = new Set(groups);
  const outside = new Set(leftovers.map(({ entry }) => entry));
  return new Set(
    approvals.flatMap(({ entry, group }) => (stays.has(group) && outside.has(entry) ? [entry] : [])),
  );
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
