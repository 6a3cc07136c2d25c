import { newUser, serveTestApp } from '#test/served.ts'

const r = await serveTestApp()
const u = await newUser(r.app, 'bench', { namespaces: ['bench'] })
console.log(JSON.stringify({ url: r.url, basic: u.basic, secret: u.secret }))
process.on('SIGINT', () => process.exit(0))
