/** Runs of one property: `usual` in `npm test`, 20 times as many with `SLOW=1`. */
export function runs(usual: number): number {
  return process.env['SLOW'] === '1' ? usual * 20 : usual
}
