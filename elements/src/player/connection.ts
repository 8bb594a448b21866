// Whether the connection is too slow for a clip of usual size, or little should be sent. Pure but for its defaults.

/** What the browser tells of something that was fetched (Resource Timing). */
export interface Fetched {
  readonly transferSize: number;
  readonly responseStart: number;
  readonly responseEnd: number;
}

/** Below so many bits a millisecond a clip of usual size does not come as fast as it plays. */
const ENOUGH = 2500;
/** Below so many bytes the way there and back counts more than the connection. */
const TELLING_BYTES = 10_000;

/** The viewer saves data, or all that was fetched came slowly: of a quick connection something came quickly, however busy
 * the machine. (What browsers say of its speed by themselves is made up until they have seen much.) */
export function slowConnection(savesData = saving(), fetched: readonly Fetched[] = entries()): boolean {
  const telling = fetched.filter(({ transferSize }) => transferSize >= TELLING_BYTES);
  const slowly = telling.every((each) => 8 * each.transferSize < ENOUGH * (each.responseEnd - each.responseStart));
  return savesData || (telling.length > 0 && slowly);
}

function saving(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
}

function entries(): readonly Fetched[] {
  return performance.getEntriesByType("resource") as PerformanceResourceTiming[];
}
