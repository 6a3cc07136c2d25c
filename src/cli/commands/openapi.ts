import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printJson } from '#cli/output.ts'
import { sourcesOf } from '#cli/settings-options.ts'
import { loadConfig } from '#config.ts'

/** `openapi`. */
export function openapi(): Command {
  return newCommand({
    name: 'openapi',
    description: 'Print the description of the management API (OpenAPI 3.1, JSON)',
    examples: ['openapi > openapi.json'],
  }).action(async (_options: object, command: Command) => {
    // Loaded here: it brings the whole management API along.
    const { openApiDocument } = await import('#http/api/open-api.ts')
    printJson(openApiDocument(loadConfig(sourcesOf(command)).publicUrl))
  })
}
