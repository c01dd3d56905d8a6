/**
 * The processor time of this thread in milliseconds. What takes a microsecond drowns in what else a machine does when the
 * time on the wall is taken. Some kernels count it in whole milliseconds only, so rounds have to be long.
 */
export function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
