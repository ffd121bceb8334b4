/** What the node uses of its part in the mesh. */
export { Mesh, type MeshOptions } from './mesh.js';
