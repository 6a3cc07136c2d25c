import type { Ecosystem } from './contract.ts'
import { elba } from './elba/index.ts'
import { gren } from './gren/index.ts'
import { oci } from './oci/index.ts'
import { opm } from './opm/index.ts'
import { ori } from './ori/index.ts'

/** The one place that names them all. Adding a package manager adds one line here. */
export const ecosystems: readonly Ecosystem[] = [oci, opm, ori, gren, elba]
