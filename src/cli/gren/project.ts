import { join } from 'node:path'
import { findText } from '#cli/client/text-file.ts'
import { CliError } from '#cli/failure.ts'
import { isObject } from '#ecosystems/gren/bundle.ts'

/** What a project's outline is called. */
export const OUTLINE_FILE = 'gren.json'

/** A folder with a gren.json. */
export interface GrenProject {
  readonly folder: string
  /** As it is written there. */
  readonly outline: Readonly<Record<string, unknown>>
  readonly isPackage: boolean
}

/** Reads the gren.json of a folder. */
export async function getProject(folder: string): Promise<GrenProject> {
  const path = join(folder, OUTLINE_FILE)
  const text = await findText(path)
  if (text === undefined) {
    throw new CliError(`there is no ${OUTLINE_FILE} in ${folder}`, 'name the folder of a project')
  }
  const outline = parseOutline(text, path)
  if (outline.type !== 'package' && outline.type !== 'application') {
    const message = `${path}: its type is neither "package" nor "application"`
    throw new CliError(message, '`gren init` writes one that is right')
  }
  return { folder, outline, isPackage: outline.type === 'package' }
}

function parseOutline(text: string, path: string): Record<string, unknown> {
  try {
    const outline: unknown = JSON.parse(text)
    if (isObject(outline)) return outline
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new CliError(`${path} is not a JSON object`, '`gren init` writes one that is right')
}
