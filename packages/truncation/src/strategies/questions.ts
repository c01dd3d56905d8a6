import type { Entry, Group, Grouping } from "@relevo/messages";

/**
 * Of groups to be dropped, those that can be: a group that asks whether a call may run stays as long as the group of
 * the call, and so do the groups that ask about its own calls.
 */
export function withoutQuestions({ groups, approvals }: Grouping, going: readonly Group[]): Group[] {
  const goes = new Set(going);
  const asking = new Map<Group, Entry[]>();
  for (const { entry, group } of approvals) append(asking, group, entry);
  if (asking.size === 0) return [...goes];
  const groupsOf = new Map<Entry, Group[]>();
  for (const group of groups) for (const entry of group.entries) append(groupsOf, entry, group);
  // Grows during the iteration.
  const stays = groups.filter((group) => !goes.has(group));
  for (const group of stays) {
    for (const entry of asking.get(group) ?? []) {
      const its = groupsOf.get(entry) ?? [];
      // The message stays if one of its groups does.
      if (!its.every((one) => goes.has(one))) continue;
      for (const one of its) if (goes.delete(one)) stays.push(one);
    }
  }
  return going.filter((group) => goes.has(group));
}

/** Messages in no group that ask or answer about a call of one of these. */
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
