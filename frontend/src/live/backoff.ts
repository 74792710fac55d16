const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * Full jitter: how long to wait before connection attempt `attempt` (from 0), so that a server that returns is not
 * met by every tab at once.
 *
 * @param random - A number in [0, 1).
 */
export function reconnectDelay(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(random * ceiling);
}
