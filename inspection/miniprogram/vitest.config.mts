import { defineConfig } from 'vitest/config'

export default defineConfig({
    test: {
        environment: 'jsdom',
        include: ['tests/**/*.test.ts'],
        globalSetup: 'tests/compile.ts',
        // One service for all, with one clock that tests turn.
        fileParallelism: false,
        testTimeout: 20_000,
    },
})
