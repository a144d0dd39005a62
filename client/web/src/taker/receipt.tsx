// The receipt: whether its signature holds, and a copy to keep (PROTOCOL.md, section 12).
import { useEffect, useState } from "preact/hooks";
import type { Receipt } from "../../gen/examd_pb";
import { Button } from "../ui/button";
import { hex } from "./form";

type Word = "checking" | "holds" | "broken" | "unchecked"; // unchecked: this browser has no Ed25519

async function check(receipt: Receipt): Promise<Word> {
  try {
    const key = await crypto.subtle.importKey("raw", new Uint8Array(receipt.publicKey), "Ed25519", false, ["verify"]);
    const holds = await crypto.subtle.verify("Ed25519", key, new Uint8Array(receipt.signature), new Uint8Array(receipt.statement));
    return holds ? "holds" : "broken";
  } catch {
    return "unchecked";
  }
}

function save(receipt: Receipt, attempt: bigint): void {
  const text = JSON.stringify({ attempt: String(attempt), statement: hex(receipt.statement), signature: hex(receipt.signature),
    public_key: hex(receipt.publicKey) }, null, 2);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text + "\n"], { type: "application/json" }));
  link.download = `receipt-${attempt}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

export function ReceiptNote({ receipt, attempt }: { receipt: Receipt; attempt: bigint }) {
  const [word, setWord] = useState<Word>("checking");
  useEffect(() => {
    let over = false;
    void check(receipt).then((w) => {
      if (!over) setWord(w);
    });
    return () => { over = true; };
  }, [receipt]);
  if (word === "broken") return <p class="note bad" role="alert">The receipt's signature does not hold. Tell the proctor.</p>;
  return (
    <>
      <p class="note good">Everything is on the server, and it has signed a receipt for it.{word === "holds" && " The signature holds."}</p>
      <div class="row"><Button onClick={() => save(receipt, attempt)}>Keep the receipt</Button></div>
    </>
  );
}
