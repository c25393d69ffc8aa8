import { defineConfig } from 'vitest/config'

/** Tests that seal real files share two cores with the addon's own threads. */
const shared = { testTimeout: 60_000, hookTimeout: 120_000, setupFiles: ['__test__/project/property-runs.setup.ts'] }

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['__test__/**/*.test.ts'],
          exclude: ['__test__/servers/**', '__test__/slow/**', '__test__/kill/thousand.test.ts'],
        },
      },
      { test: { ...shared, name: 'servers', include: ['__test__/servers/**/*.test.ts'], testTimeout: 300_000 } },
      { test: { ...shared, name: 'kill', include: ['__test__/kill/thousand.test.ts'], testTimeout: 1_800_000 } },
      { test: { ...shared, name: 'slow', include: ['__test__/slow/**/*.test.ts'], testTimeout: 1_800_000 } },
    ],
  },
})
