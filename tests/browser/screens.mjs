// screens.mjs FOLDER: what people see, as pictures in three sizes, to be looked at.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { House, agree, isAt, isSaved, launch, logIn, person, useSlip } from "./house.mjs";

const folder = process.argv[2];
const PASSWORD = "a horse and a stapler";
const sizes = { desk: { width: 1366, height: 768 }, tablet: { width: 820, height: 1180 }, phone: { width: 390, height: 844 } };
mkdirSync(folder, { recursive: true });

const house = new House();
const [browser, address] = await Promise.all([launch(), house.do("begin")]);
try {
  await house.do("load", "cpc-short.yaml");
  await house.do("load", "kinds.yaml");
  await house.do("people", Object.keys(sizes).map((s) => `${s},Ann Example,${s}@example.org,${s},candidate,0`));
  for (const [size, viewport] of Object.entries(sizes)) {
    const short = await house.do("sitting", "cpc-short", size, "Tuesday mock exam");
    const kinds = await house.do("sitting", "kinds", size, "Wednesday, all kinds");
    const { page, context } = await person(browser, address, { viewport, deviceScaleFactor: 1 });
    const shot = (name) => page.screenshot({ path: join(folder, `${name}-${size}.png`) });
    const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
    const handIn = async () => {
      await page.getByRole("button", { name: /^Hand in/ }).click();
      await shot("hand-in");
      await page.getByRole("dialog").getByRole("button", { name: "Hand in" }).click();
      await page.getByText("You have handed in.").waitFor();
    };
    await page.goto("/");
    await page.getByLabel("Slip").waitFor();
    await shot("log-in");
    await useSlip(page, short.slips[size]);
    await page.getByLabel(/I have read/).waitFor();
    await shot("rules");
    await agree(page);
    await page.getByText("Ready.").waitFor();
    await shot("lobby");
    await house.do("ctl", "sitting", "start", short.sitting);
    await isAt(page, 1);
    await press("b", "n", "x", "a", "c", "r", "n", "d", "n", "n");
    await isSaved(page, 3);
    await press("p", "p", "p");
    await isAt(page, 2);
    await shot("question");
    await page.evaluate(() => { document.documentElement.dataset.colours = "dark"; });
    await page.waitForTimeout(200); // colours change softly
    await shot("question-dark");
    await page.evaluate(() => { document.documentElement.dataset.colours = "contrast"; });
    await page.waitForTimeout(200);
    await shot("question-contrast");
    await page.evaluate(() => { document.documentElement.dataset.colours = "auto"; document.documentElement.dataset.hand = "left"; });
    await shot("question-left");
    await page.evaluate(() => { document.documentElement.dataset.hand = "right"; });
    await context.setOffline(true);
    await press("d", "w");
    await page.getByText(/not saved yet, reconnecting/).waitFor();
    await shot("offline");
    await context.setOffline(false);
    await isSaved(page, 3);
    await page.locator("h2").first().click();
    await house.do("ctl", "sitting", "message", short.sitting, "Ten minutes break for me, Ms Lee watches.");
    await page.locator(".toast").first().waitFor();
    await shot("message");
    await page.getByRole("button", { name: "Put away" }).first().click();
    await press("v");
    await shot("all-questions");
    await press("?");
    await page.getByRole("dialog").waitFor();
    await shot("keys");
    await press("Escape");
    await house.do("ctl", "sitting", "pause", short.sitting, "--reason", "alarm");
    await page.getByText("The exam is paused for the whole room.").waitFor();
    await shot("paused");
    await house.do("ctl", "sitting", "resume", short.sitting, "--reason", "all back");
    await isAt(page, 2);
    await press("v");
    await handIn();
    await page.getByRole("heading", { name: "Result" }).waitFor();
    await shot("result");
    await page.getByRole("button", { name: "Log out" }).click();

    await useSlip(page, kinds.slips[size]);
    await agree(page);
    await page.getByText("Ready.").waitFor();
    await house.do("ctl", "sitting", "start", kinds.sitting);
    let record = false;
    const next = (at) => page.getByRole("heading", { name: new RegExp(`^Question ${at} of |questions are complete`) });
    for (let at = 1; await next(at).textContent().then((t) => t.startsWith("Question")); at++) {
      if (at === 1) await shot("multiple");
      if (!record && (await page.locator(".with-record").count()) > 0) {
        record = true;
        await shot("record");
      }
      const n = ["", "one", "two", "three", "four", "five"].indexOf(/Choose (\w+)\./.exec(await page.locator("#told").textContent())[1]);
      await press(..."abcde".slice(0, n), "n");
      await next(at + 1).waitFor();
    }
    await page.getByRole("button", { name: /^Leave this part/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Leave this part" }).click();
    await page.getByText("Part 2 of 2").waitFor({ state: "attached" });
    await isAt(page, 1);
    await shot("codes");
    await press("v");
    await handIn();
    await page.getByRole("button", { name: "Log out" }).click();

    const secret = await house.do("secret", size);
    await logIn(page, size, secret);
    await page.getByLabel("The password you were given").fill(secret);
    await shot("new-password");
    await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("New password, again").fill(PASSWORD);
    await page.getByRole("button", { name: "Change and go on" }).click();
    await page.getByRole("heading", { name: "Begin" }).waitFor();
    await page.getByRole("heading", { name: "Done" }).waitFor();
    await page.screenshot({ path: join(folder, `practice-${size}.png`), fullPage: true });
    await page.getByRole("button", { name: "A drill" }).click();
    await shot("drill");
    await context.close();
  }
} finally {
  await browser.close();
  await house.end();
}
