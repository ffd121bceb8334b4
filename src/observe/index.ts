/** What the rest of the library uses to tell what happens. */
export { onDiagnostics } from './diagnostics.js';
export { type HandshakeReport, Observer } from './observer.js';
