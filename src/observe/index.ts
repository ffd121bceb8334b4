/** What the rest of the library uses to tell what happens. */
export { onDiagnostics } from './diagnostics.js';
export { Observer } from './observer.js';
