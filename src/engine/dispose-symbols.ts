/** Node 20.0 to 20.4 lack the symbols of explicit resource management; compiled code that uses them falls back to these names too. */
for (const [name, key] of [
  ['dispose', 'nodejs.dispose'],
  ['asyncDispose', 'nodejs.asyncDispose'],
] as const) {
  if (Symbol[name] === undefined) Object.defineProperty(Symbol, name, { value: Symbol.for(key) });
}

export {};
