import type { ComponentChildren } from "preact";

export interface Column<Row> {
  readonly name: string;
  readonly number?: boolean; // to the right, digits of one width
  cell(row: Row): ComponentChildren;
}

// A table that scrolls sideways by itself on a narrow screen.
export function Table<Row>({ caption, columns, rows, keyOf, empty = "Nothing yet." }:
  { caption: string; columns: readonly Column<Row>[]; rows: readonly Row[]; keyOf: (row: Row) => string; empty?: string }) {
  if (rows.length === 0) return <p class="hint">{empty}</p>;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>{columns.map((c) => <th key={c.name} scope="col" class={c.number ? "number" : ""}>{c.name}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((c) => <td key={c.name} class={c.number ? "number" : ""}>{c.cell(row)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
