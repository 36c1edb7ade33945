import { LabelGraph } from './label-graph.js';

/**
 * The graph that paths such as `Pneumonia/Viral` imply: each path is a label, its parent the nearest path
 * above that is a label too.
 *
 * @param labels names in label order; one without a slash hangs from the root.
 */
export function labelGraphFromPaths(labels: readonly string[], name = 'paths'): LabelGraph {
  const known = new Set(labels);
  return new LabelGraph({
    name,
    source: 'the paths of the labels',
    labels: labels.map((label) => {
      const parent = pathsAbove(label).find((path) => known.has(path));
      return { name: label, ...(parent !== undefined && { parents: [parent] }) };
    }),
  });
}

/**
 * The labels in the cells of a column of paths: every path and every path above one, parents before children, in order of
 * first sight.
 *
 * @param cells such as `Pneumonia/Viral/COVID-19`; several in one cell are joined by `|`. Blanks are left out.
 */
export function labelsInPaths(cells: Iterable<string>): string[] {
  const found = new Set<string>();
  for (const cell of cells) {
    for (const part of cell.split('|')) {
      const path = part
        .split('/')
        .map((step) => step.trim())
        .filter((step) => step !== '')
        .join('/');
      if (path === '') continue;
      for (const above of pathsAbove(path).reverse()) found.add(above);
      found.add(path);
    }
  }
  return [...found];
}

/** `a/b` and `a` for `a/b/c`: nearest first. */
function pathsAbove(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, parts.length - 1 - i).join('/'));
}
