import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printJson } from '#cli/output.ts'
import { sourcesOf } from '#cli/settings-options.ts'
import { loadConfig } from '#config.ts'
import { openApiDocument } from '#http/api/open-api.ts'

/** `openapi`. */
export function openapi(): Command {
  return newCommand({
    name: 'openapi',
    description: 'Print the description of the management API (OpenAPI 3.1, JSON)',
    examples: ['openapi > openapi.json'],
  }).action((_options: object, command: Command) => {
    printJson(openApiDocument(loadConfig(sourcesOf(command)).publicUrl))
  })
}
