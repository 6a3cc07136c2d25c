/** The look of our pages: readable on a phone and on a desk, by day and by night. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1c2330, #e4e8ef);
  --quiet: light-dark(#5a6474, #9aa5b5);
  --back: light-dark(#fdfdfc, #14171c);
  --card: light-dark(#f3f4f1, #1c2027);
  --line: light-dark(#d9dcd6, #323843);
  --link: light-dark(#0b5b8f, #7cc0ee);
  --get: light-dark(#0a6640, #66cf9b);
  --write: light-dark(#8a4b00, #f0b266);
  --delete: light-dark(#a1192b, #ff8d97);
}
* { box-sizing: border-box }
html { scroll-behavior: smooth; scroll-padding-top: 1rem }
body { margin: 0; background: var(--back); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word }
main { max-width: 52rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem }
h2 { font-size: 1.25rem; margin: 3rem 0 .25rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 0; font-weight: 600 }
h4 { font-size: .8rem; margin: 1rem 0 .25rem; color: var(--quiet); text-transform: uppercase; letter-spacing: .05em }
p { margin: .5rem 0 }
a { color: var(--link) }
code, pre { font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
pre { margin: .25rem 0; padding: .75rem; background: var(--back); border: 1px solid var(--line); border-radius: .4rem; overflow-x: auto }
.quiet { color: var(--quiet) }
.lead { white-space: pre-line }
nav ul { list-style: none; margin: 0 0 .75rem; padding: 0 }
nav li { padding: .1rem 0 }
nav a { text-decoration: none; display: flex; flex-wrap: wrap; gap: 0 .6rem; align-items: baseline }
nav a:hover { text-decoration: underline }
.card { margin: 1rem 0; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem }
.card:target { border-color: var(--link) }
.method { font: 700 .75rem/1.5 ui-monospace, Menlo, Consolas, monospace; min-width: 3.6rem; color: var(--write) }
.get { color: var(--get) }
.delete { color: var(--delete) }
.route { display: flex; flex-wrap: wrap; gap: 0 .6rem; align-items: baseline; margin: 0 0 .35rem }
dl { margin: 0 }
dt { margin-top: .5rem }
dd { margin: 0 0 0 1rem; color: var(--quiet) }
details { margin: .35rem 0 }
summary { cursor: pointer }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line) }
th { color: var(--quiet); font-weight: 500; font-size: .85rem }
@media (max-width: 34rem) { main { padding: 1rem .75rem 3rem } .card { padding: .75rem } }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto } }
`
