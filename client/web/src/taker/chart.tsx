// Charts as plain SVG; what they show stands beside them as text.
interface Row {
  readonly name: string;
  readonly value: number; // 0 to 100
  readonly text: string;
}

export function Bars({ title, rows }: { title: string; rows: readonly Row[] }) {
  return (
    <figure class="bars">
      <figcaption class="label">{title}</figcaption>
      <ul>
        {rows.map((r, i) => (
          <li key={i}>
            <span class="bar-name" dir="auto">{r.name}</span>
            <svg class={r.value >= 70 ? "well" : r.value >= 50 ? "" : "weak"} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect class="ground" width="100" height="8" rx="2" /><rect class="value" width={Math.max(r.value, 0.8)} height="8" rx="2" />
            </svg>
            <span class="number">{r.value} %<small>{r.text}</small></span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

// Percent over time, the earliest on the left.
export function Line({ title, values }: { title: string; values: readonly number[] }) {
  const x = (i: number) => (values.length === 1 ? 50 : 2 + (96 * i) / (values.length - 1)), y = (v: number) => 38 - 0.36 * v;
  return (
    <figure class="line">
      <figcaption class="label">{title}</figcaption>
      <svg viewBox="0 0 100 40" role="img" aria-label={`${title}: ${values.map((v) => `${v} %`).join(", ")}`}>
        {[0, 50, 100].map((v) => <line key={v} class="grid-line" x1="0" x2="100" y1={y(v)} y2={y(v)} />)}
        <polyline class="value-line" points={values.map((v, i) => `${x(i)},${y(v)}`).join(" ")} />
        {values.map((v, i) => <circle key={i} class="value-dot" cx={x(i)} cy={y(v)} r="1.1" />)}
      </svg>
    </figure>
  );
}
