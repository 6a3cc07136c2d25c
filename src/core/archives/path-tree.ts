import { refuse } from './refusal.ts'

interface Node {
  /** As it was first written. */
  readonly name: string
  readonly kind: 'file' | 'folder'
  /** False for a folder that only its files speak of. */
  isListed: boolean
  readonly children: Map<string, Node>
}

/**
 * The paths of one archive. Refuses those that some file system could not keep apart: duplicates,
 * names that differ in case or Unicode normalisation only, a file used as a folder. Its memory grows
 * with the bytes of the paths, not with their depth.
 */
export class PathTree {
  readonly #root: Node = { name: '', kind: 'folder', isListed: false, children: new Map() }

  add(segments: readonly string[], kind: 'file' | 'folder'): void {
    const path = segments.join('/')
    let parent = this.#root
    for (const [index, name] of segments.entries()) {
      const isLast = index === segments.length - 1
      const node = childOf(parent, name, { kind: isLast ? kind : 'folder', path })
      if (isLast) {
        if (node.isListed) refuse('duplicate', 'the path is there twice', path)
        node.isListed = true
      }
      parent = node
    }
  }
}

function childOf(parent: Node, name: string, wanted: { kind: Node['kind']; path: string }): Node {
  const key = foldName(name)
  const found = parent.children.get(key)
  if (!found) {
    const made: Node = { name, kind: wanted.kind, isListed: false, children: new Map() }
    parent.children.set(key, made)
    return made
  }
  if (found.name !== name) {
    const message = `${JSON.stringify(found.name)} and ${JSON.stringify(name)} collide`
    refuse('collision', `${message} where case or normalisation do not count`, wanted.path)
  }
  if (found.kind !== wanted.kind) {
    refuse('file-as-folder', `${JSON.stringify(name)} is both a file and a folder`, wanted.path)
  }
  return found
}

/** Equal for names that a case-insensitive or normalising file system takes for one. */
function foldName(name: string): string {
  return name.normalize('NFD').toLowerCase().toUpperCase().normalize('NFD')
}
