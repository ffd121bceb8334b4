/** What the rest of the library uses to tell what happens. */
export { onDiagnostics, publish } from './diagnostics.js';
export { Observer, type ObserverTap, publishStream } from './observer.js';
