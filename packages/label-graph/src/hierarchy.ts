/** All nodes that `next` leads to, nearest first, the start left out; each node is visited once. */
export function reachable(start: string, next: (node: string) => Iterable<string>): string[] {
  const found = new Set<string>();
  const visit = (node: string): void => {
    for (const one of next(node)) if (one !== start) found.add(one);
  };
  visit(start);
  for (const node of found) visit(node); // a Set is walked in order of insertion, what is added on the way included
  return [...found];
}

/**
 * Nodes with parents before children (Kahn's algorithm). Nodes on a cycle and below one are missing from the result.
 *
 * @param parents of each node, each parent once.
 */
export function topologicalOrder(
  parents: ReadonlyMap<string, readonly string[]>,
  children: ReadonlyMap<string, readonly string[]>,
): string[] {
  const waiting = new Map([...parents].map(([node, above]) => [node, above.length]));
  const order = [...parents.keys()].filter((node) => waiting.get(node) === 0);
  for (const node of order) {
    for (const child of children.get(node)!) {
      const left = waiting.get(child)! - 1;
      waiting.set(child, left);
      if (left === 0) order.push(child);
    }
  }
  return order;
}

/** The nodes of one cycle, from parent to child, the first one again at the end; undefined if there is none. */
export function findCycle(nodes: Iterable<string>, parents: (node: string) => readonly string[]): string[] | undefined {
  const finished = new Set<string>();
  const onPath = new Set<string>();
  /** The way from a start upward; of each node on it the parents that are still to be tried. */
  const path: { node: string; left: string[] }[] = [];
  const enter = (node: string): void => {
    if (finished.has(node)) return;
    onPath.add(node);
    path.push({ node, left: [...parents(node)].reverse() });
  };
  for (const start of nodes) {
    enter(start);
    while (path.length > 0) {
      const { node, left } = path[path.length - 1];
      const parent = left.pop();
      if (parent === undefined) {
        finished.add(node);
        onPath.delete(node);
        path.pop();
      } else if (onPath.has(parent)) {
        const names = path.map((one) => one.node);
        return [parent, ...names.slice(names.indexOf(parent)).reverse()];
      } else enter(parent);
    }
  }
  return undefined;
}
