// A Merkle tree: its root at the left, its leaves at the right; the branches to what is disclosed are lit. What is
// large stands folded, and opens by a click.
import { useMemo, useState } from 'preact/hooks';
import type { Schemas } from '../api/client';
import { Hash } from './hash';
import { Facts } from './layout';
import { count } from './money';
import { Scroll } from './table';

type Tree = Schemas['MerkleTree'];
type Node = Tree['nodes'][number];
interface Branch { node: Node; key: string; parts: [Branch, Branch] | undefined }
interface Placed { branch: Branch; x: number; y: number; isOpen: boolean; below: Placed[] }

const ROWS = 48, STEP = 30, ROW = 24, RADIUS = 5, LABEL = 300;

// RFC 6962: the left part has the largest power of two below n leaves.
const split = (n: number) => 2 ** (Math.ceil(Math.log2(n)) - 1);

function grow(nodes: ReadonlyMap<string, Node>, from: number, n: number): Branch | undefined {
  const key = `${from}+${n}`, node = nodes.get(key);
  if (!node) return undefined;
  const left = n > 1 ? grow(nodes, from, split(n)) : undefined;
  const right = n > 1 ? grow(nodes, from + split(n), n - split(n)) : undefined;
  return { node, key, parts: left && right ? [left, right] : undefined };
}

// What is open at first: lit branches, or where nothing is lit any, as long as there are not too many rows.
function unfold(root: Branch, isLit: boolean): Set<string> {
  const open = new Set<string>();
  let rows = 1;
  for (const queue = [root]; queue.length > 0 && rows < ROWS;) {
    const branch = queue.shift()!;
    if (!branch.parts || (isLit && branch.node.state !== 'shown')) continue;
    open.add(branch.key);
    rows++;
    queue.push(...branch.parts);
  }
  return open;
}

function place(branch: Branch, open: ReadonlySet<string>, depth: number, next: { row: number }): Placed {
  const isOpen = branch.parts !== undefined && open.has(branch.key);
  const below = isOpen ? branch.parts!.map((part) => place(part, open, depth + 1, next)) : [];
  const y = isOpen ? (below[0]!.y + below[1]!.y) / 2 : next.row++ * ROW + ROW / 2;
  return { branch, x: depth * STEP + 2 * RADIUS, y, isOpen, below };
}

const states: Record<Node['state'], string> = {
  shown: 'leads to what is disclosed', proof: 'its hash is handed on as proof', hidden: 'stays with the owner',
};

export function MerkleTree({ of: tree, label }: { of: Tree; label: string }) {
  const root = useMemo(() => grow(new Map(tree.nodes.map((node) => [`${node.from}+${node.count}`, node])), 0, tree.leafCount), [tree]);
  const paths = useMemo(() => new Map(tree.leaves.map((leaf) => [leaf.index, leaf.path])), [tree]);
  const isLit = tree.shown > 0;
  const first = useMemo(() => root ? unfold(root, isLit) : new Set<string>(), [root]);
  const [changed, setChanged] = useState<{ tree: Tree; open: Set<string> }>();
  const [chosen, setChosen] = useState<Node>();
  if (!root) return null;
  const open = changed?.tree === tree ? changed.open : first;
  const next = { row: 0 };
  const top = place(root, open, 0, next);
  const all: Placed[] = [];
  for (const queue = [top]; queue.length > 0;) {
    const one = queue.pop()!;
    all.push(one);
    queue.push(...one.below);
  }
  const edge = Math.max(...all.map((one) => one.x)) + 2 * RADIUS;
  const width = edge + LABEL, height = next.row * ROW;

  const press = ({ branch, isOpen }: Placed) => {
    setChosen(branch.node);
    if (!branch.parts) return;
    const now = new Set(open);
    if (isOpen) now.delete(branch.key);
    else now.add(branch.key);
    setChanged({ tree, open: now });
  };
  const says = ({ branch: { node, parts } }: Placed) => node.count === 1
    ? paths.get(node.from) ?? (node.state === 'shown' ? 'disclosed' : 'padding, or not disclosed')
    : `${count(node.count)} leaves${parts ? '' : ', hidden'}`;

  return <figure class="tree stack">
    <figcaption class="legend">
      {isLit && <span><i class="swatch tree-key-shown" aria-hidden="true" />disclosed, and what leads to it</span>}
      {isLit && <span><i class="swatch tree-key-proof" aria-hidden="true" />hash handed on as proof</span>}
      <span><i class="swatch tree-key-hidden" aria-hidden="true" />{isLit ? 'stays with the owner' : 'the record\'s own'}</span>
      <span>{isLit && `${count(tree.shown)} of `}{count(tree.leafCount)} leaves</span>
    </figcaption>
    <Scroll label={label}><svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="group" aria-label={label}>
      {all.map((one) => one.below.map((part) => <path key={part.branch.key} class={`tree-line tree-${part.branch.node.state}`} aria-hidden="true"
        d={`M${one.x} ${one.y}H${one.x + STEP / 2}V${part.y}H${part.x}`} />))}
      {all.map((one) => {
        const { node, parts, key } = one.branch;
        const text = says(one);
        return <g key={key} class={`tree-node tree-${node.state}${parts && !one.isOpen ? ' tree-folded' : ''}`} role="button" tabindex={0}
          aria-expanded={parts ? one.isOpen : undefined} aria-label={`${text}, ${states[node.state]}`} onClick={() => press(one)}
          onKeyDown={(event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); press(one); } }}>
          <rect x={one.x - 12} y={one.y - 12} width={one.isOpen ? 24 : LABEL} height={24} class="tree-target" />
          <circle cx={one.x} cy={one.y} r={RADIUS} />
          {!one.isOpen && <text x={one.x + 12} y={one.y + 4}>{text.length > 46 ? `${text.slice(0, 20)}…${text.slice(-24)}` : text}</text>}
          <title>{`${text}: ${node.hash}`}</title></g>;
      })}
    </svg></Scroll>
    {chosen && <Facts rows={[
      ['Hash', <Hash of={chosen.hash} what="hash" />],
      ['Leaves', chosen.count === 1 ? `${chosen.from}${paths.has(chosen.from) ? `, ${paths.get(chosen.from)}` : ''}`
        : `${chosen.from} to ${chosen.from + chosen.count - 1}`],
      ['It', states[chosen.state]],
    ]} />}
  </figure>;
}
