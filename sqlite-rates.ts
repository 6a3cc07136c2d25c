export const openSqliteRates = (p: string) => ({ add: async () => ({count:0, resetAt:new Date()}), prune: async () => {} })
