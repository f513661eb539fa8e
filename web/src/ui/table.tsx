import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useData, type Loaded } from '../api/use';
import type { Answer, Options, PathWith } from '../api/client';
import { Button } from './form';
import { Show } from './states';

export interface Column<T> {
  label: string;
  cell: (row: T) => ComponentChildren;
  number?: boolean;
}

// What is wider than its place scrolls, by the keyboard too.
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const [isWide, setWide] = useState(false);
  useEffect(() => {
    const at = box.current!;
    const sized = new ResizeObserver(() => setWide(at.scrollWidth > at.clientWidth));
    sized.observe(at);
    sized.observe(at.firstElementChild!);
    return () => sized.disconnect();
  }, []);
  return <div class="table-box" ref={box} {...(isWide && { tabIndex: 0, role: 'group', 'aria-label': `${label}, scrolls` })}>{children}</div>;
}

// On narrow screens each row becomes a small list.
export function Table<T>({ columns, rows, label, keyOf }:
  { columns: Column<T>[]; rows: readonly T[]; label: string; keyOf: (row: T, index: number) => string | number }) {
  return <Scroll label={label}><table class="table table-fold" aria-label={label}>
    <thead><tr>{columns.map((one) => <th key={one.label} scope="col" class={one.number ? 'number' : undefined}>{one.label}</th>)}</tr></thead>
    <tbody>{rows.map((row, i) => <tr key={keyOf(row, i)}>{columns.map((one) => {
      const cell = one.cell(row);
      const isEmpty = cell === undefined || cell === null || cell === '' || cell === false;
      return <td key={one.label} data-label={one.label} data-empty={isEmpty ? '' : undefined}
        class={one.number ? 'number' : undefined}><div>{cell}</div></td>;
    })}</tr>)}</tbody>
  </table></Scroll>;
}

// The pages of a list whose call takes limit and offset.
export function usePaged<P extends PathWith<'get'>>(path: P, query: Options['query'] = {}, size = 25) {
  const [page, setPage] = useState(0);
  const filter = JSON.stringify(query);
  const [before, setBefore] = useState(filter);
  if (before !== filter) {
    setBefore(filter);
    setPage(0);
  }
  const loaded = useData(path, { query: { ...query, limit: size, offset: page * size } });
  return { loaded, page, size, setPage };
}

export function Paged<T>({ list, empty, children }: {
  list: { loaded: Loaded<readonly T[] | undefined>; page: number; size: number; setPage: (page: number) => void };
  empty: ComponentChildren; children: (rows: readonly T[]) => ComponentChildren }) {
  const { loaded, page, size, setPage } = list;
  return <Show loaded={loaded as Loaded<readonly T[]>}>{(rows) => <>
    {rows.length === 0 && page === 0 ? empty : children(rows)}
    {(page > 0 || rows.length === size) && <div class="pager">
      <span class="quiet small">{page * size + 1} to {page * size + rows.length}</span>
      <Button disabled={page === 0} onClick={() => setPage(page - 1)}>Newer</Button>
      <Button disabled={rows.length < size} onClick={() => setPage(page + 1)}>Older</Button>
    </div>}
  </>}</Show>;
}

export type RowOf<P extends PathWith<'get'>> = Answer<P, 'get'> extends readonly (infer T)[] | undefined ? T : never;
