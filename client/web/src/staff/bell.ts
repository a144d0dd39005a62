// Two short tones when somebody newly needs a human.  Made here, nothing is loaded; a browser lets a
// page sound only after it was touched.
import { Cell } from "../cell";

const KEY = "examd.bell";
const APART_MS = 3_000;
const TONES: readonly (readonly [number, number])[] = [[880, 0], [1175, 0.16]]; // Hz, s from now
const LONG_S = 0.14, LOUD = 0.12;

function kept(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export const bellOn = new Cell(kept());
let audio: AudioContext | null = null;
let rung = -Infinity;

export function setBell(on: boolean): void {
  bellOn.set(on);
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // it lasts as long as the page
  }
  if (on) sound();
}

// At a touch or a key: from now on it can sound.
export function wakeBell(): void {
  audio ??= new AudioContext();
  if (audio.state === "suspended") void audio.resume();
}

function sound(): void {
  if (audio === null || audio.state !== "running") return;
  for (const [pitch, after] of TONES) {
    const from = audio.currentTime + after, tone = audio.createOscillator(), loud = audio.createGain();
    tone.frequency.value = pitch;
    loud.gain.setValueAtTime(0, from);
    loud.gain.linearRampToValueAtTime(LOUD, from + 0.01);
    loud.gain.exponentialRampToValueAtTime(0.001, from + LONG_S);
    tone.connect(loud).connect(audio.destination);
    tone.start(from);
    tone.stop(from + LONG_S);
  }
}

export function ring(): void {
  const now = performance.now();
  if (!bellOn.value || now - rung < APART_MS) return;
  rung = now;
  sound();
}
