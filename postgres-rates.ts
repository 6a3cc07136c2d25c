export const postgresRates = (p: unknown) => ({ add: async () => ({count:0, resetAt:new Date()}), prune: async () => {} })
