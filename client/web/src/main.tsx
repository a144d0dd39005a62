import { render } from "preact";
import "./styles.css";
import { App } from "./app";
import { Toasts, toastPlace } from "./ui/toast";

const root = document.getElementById("app");
document.body.append(toastPlace);
render(<Toasts />, toastPlace);
if (root) render(<App />, root);
