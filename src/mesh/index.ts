/** What the node uses of its part in the mesh. */
export { CONTROL_PROTOCOL } from './control/messages.js';
export { DIRECT_PROTOCOL } from './direct/messages.js';
export { Mesh, type MeshOptions } from './mesh.js';
