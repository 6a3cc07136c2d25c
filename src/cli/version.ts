import manifest from '#package.json' with { type: 'json' }

/** Which entrepot this is; imported, so that the single executable has it too. */
export const VERSION: string = manifest.version
