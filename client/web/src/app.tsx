import { useEffect, useState } from "preact/hooks";
import { create } from "@bufbuild/protobuf";
import { HelloSchema } from "../gen/examd_pb";
import { Tab } from "./wire/tab";

export function App() {
  const [text, setText] = useState("connecting");
  useEffect(() => {
    void (async () => {
      const tab = await Tab.open({ notice: () => {}, gone: () => setText("gone") });
      const hello = create(HelloSchema, { minVersion: 1, maxVersion: 1, client: "web 0.1.0",
        clientId: crypto.getRandomValues(new Uint8Array(16)) });
      const reply = await tab.call({ case: "hello", value: hello });
      if (reply.body.case === "hello") setText(reply.body.value.server);
    })();
  }, []);
  return <main>{text}</main>;
}
