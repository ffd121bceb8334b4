/** The module that each shard of program 9 loads. */
export { registerShard as register } from './api-usage.js';
