/**
 * Tells the host, once for each file, that a password got the lower cost.
 *
 * @internal
 */
export function warnOfLoweredCost(): void {
  process.emitWarning(
    'the password was stretched with 64 MiB instead of 256 MiB: the process may take no more memory',
    {
      type: 'HoldfastWarning',
      code: 'HOLDFAST_COST_LOWERED',
    },
  )
}
