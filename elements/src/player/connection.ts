// Whether the browser itself says that the connection is slow, or that little should be sent. Pure but for its default.

/** What a browser may say of the connection (Network Information API); many say nothing. */
export interface Connection {
  readonly saveData?: boolean;
  readonly effectiveType?: string;
  /** Megabits a second. */
  readonly downlink?: number;
}

/** Below so many megabits a second a clip of usual size does not come as fast as it plays. */
export const ENOUGH_MBIT = 2.5;
const SLOW = new Set(["slow-2g", "2g", "3g"]);

export function slowConnection(said: Connection | undefined = told()): boolean {
  if (!said) return false;
  return said.saveData === true || SLOW.has(said.effectiveType ?? "") || (said.downlink ?? ENOUGH_MBIT) < ENOUGH_MBIT;
}

function told(): Connection | undefined {
  return (navigator as Navigator & { readonly connection?: Connection }).connection;
}
