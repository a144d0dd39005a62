// A question with what is right, why, and what was answered.
import type { ItemReview } from "../../gen/examd_pb";
import { Text, points } from "../ui/text";

export const letter = (option: number) => String.fromCharCode(65 + option);

function given(review: ItemReview): string {
  const a = review.answer;
  if (a === undefined) return "no answer";
  if (review.content?.fields.length) return a.codes.filter((c) => c !== "").join(", ") || "no answer";
  return a.chosen.map(letter).join(", ") || "no answer";
}

// BRIEF: beside the question itself.
export function Reviewed({ review, brief = false }: { review: ItemReview; brief?: boolean }) {
  const item = review.content;
  if (item === undefined) return null;
  const good = review.points === review.pointsMost;
  return (
    <article class={brief ? "stack reviewed" : "card reviewed"}>
      <div class="row between">
        <h3>{brief ? "What is right" : `Question ${review.item + 1}`}</h3>
        <span class={`badge ${good ? "good" : "bad"}`}>{points(review.points)} of {points(review.pointsMost)}</span>
      </div>
      {!brief && review.stimulus !== "" && <details><summary>Record</summary><Text>{review.stimulus}</Text></details>}
      {!brief && <Text class="stem">{item.stem}</Text>}
      {item.options.length > 0 && (
        <ul class="options">
          {item.options.map((text, i) => {
            const right = review.right.includes(i), chosen = review.answer?.chosen.includes(i) === true;
            return (
              <li key={i} class={`option ${right ? "right" : chosen ? "wrong" : ""}`}>
                <div class="option-line">
                  <span class="letter" aria-hidden="true">{right ? "\u2713" : chosen ? "\u2717" : letter(i)}</span>
                  <span class="option-text"><span dir="auto">{text}</span>
                    <small>{[right && "right", chosen && "your answer"].filter(Boolean).join(", ")}</small>
                    {review.why[i] && <Text class="why">{review.why[i]}</Text>}</span>
                </div>
              </li>
            );
          })}
        </ul>
      )}
      {item.fields.length > 0 && (
        <dl class="facts">
          {item.fields.map((label, i) => (
            <div key={i}><dt>{label || `Code ${i + 1}`}</dt>
              <dd>{review.answer?.codes[i] || "none"}<small>right: {review.accepted[i]?.codes.join(" or ") ?? ""}
                {review.accepted[i]?.optional && " (optional)"}</small></dd></div>
          ))}
        </dl>
      )}
      <p class="hint">Your answer: {given(review)}</p>
      {review.rationale !== "" && <div class="note"><Text>{review.rationale}</Text></div>}
      {review.references.length > 0 && <ul class="references">{review.references.map((r, i) => <li key={i}><small>{r}</small></li>)}</ul>}
    </article>
  );
}
