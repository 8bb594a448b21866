// Whether the browser itself says that the connection is slow, or that little should be sent. Pure but for its default.

/** What a browser may say of the connection (Network Information API); many say nothing. */
export interface Connection {
  readonly saveData?: boolean;
  /** Megabits a second. */
  readonly downlink?: number;
}

/** Below so many megabits a second a clip of usual size does not come as fast as it plays. */
export const ENOUGH_MBIT = 2.5;

export function slowConnection(said: Connection = told() ?? {}): boolean {
  return said.saveData || (said.downlink ?? ENOUGH_MBIT) < ENOUGH_MBIT;
}

/** What the browser tells of something that was fetched (Resource Timing). */
export interface Fetched {
  readonly transferSize: number;
  readonly responseStart: number;
  readonly responseEnd: number;
}

/** Below so many bytes the way there and back counts more than the connection. */
const TELLING_BYTES = 30_000;
const BITS_A_MS = ENOUGH_MBIT * 1000;

/** Whether all that was fetched came slowly. A machine that is busy has a quick one among them. */
export function fetchedSlowly(fetched: readonly Fetched[]): boolean {
  const telling = fetched.filter(({ transferSize }) => transferSize >= TELLING_BYTES);
  const slowly = telling.every((each) => 8 * each.transferSize < BITS_A_MS * (each.responseEnd - each.responseStart));
  return telling.length > 0 && slowly;
}

function told(): Connection | undefined {
  return (navigator as Navigator & { readonly connection?: Connection }).connection;
}
