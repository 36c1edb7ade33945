import { faultReason, parseYaml } from '@cxr-align/files/yaml';
import { LabelGraphError } from '../definition.js';
import { LabelGraph } from '../label-graph.js';
import { readLabelGraphDefinition } from '../read-definition.js';
import { inFile } from './in-file.js';

/**
 * Reads a label graph from JSON or YAML: either a definition ({@link LabelGraphDefinition}, with `extends` or without),
 * or a hierarchy of the form `{ "nodes": […], "parent": { child: parent or null } }`, or a plain list of names.
 *
 * @param file named in errors.
 * @throws {LabelGraphError} if it is neither, is beyond the limits of YAML here (1 million characters, 100 deep), or if the graph is not sound.
 */
export function parseLabelGraph(text: string, file = 'label graph'): LabelGraph {
  return inFile(file, () => new LabelGraph(readLabelGraphDefinition(contentOf(text, file), file)));
}

function contentOf(text: string, file: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new LabelGraphError(
      'format',
      `${file}: expected JSON or YAML, got ${faultReason(error)}; check its syntax there`,
    );
  }
}
