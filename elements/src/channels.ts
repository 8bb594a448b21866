// Where a moment can be sent: names and marks. Limits and addresses are the server's data.
import { siDiscord, siFacebook, siInstagram, siReddit, siTelegram, siTiktok, siWhatsapp, siX } from "simple-icons";
import type { TemplateResult } from "lit";
import { icons, solid } from "./icons.ts";

export interface Channel {
  readonly key: string;
  readonly name: string;
  readonly icon: TemplateResult;
  readonly ground: string;
  readonly ink: string;
  /** What is opened to send it: a page of the place, an app by its own scheme, or nothing (the link is pasted). */
  readonly opens: "page" | "app" | "nothing";
}

const PASTED = new Set(["instagram", "tiktok", "discord"]);

const brand = (
  key: string,
  mark: { title: string; path: string; hex: string },
  ink = "#fff",
  ground = `#${mark.hex}`,
) => ({
  key,
  name: mark.title,
  icon: solid(mark.path),
  ground,
  ink,
  opens: PASTED.has(key) ? ("nothing" as const) : ("page" as const),
});

export const channels: readonly Channel[] = [
  brand("whatsapp", siWhatsapp, "#06210f"),
  brand("instagram", siInstagram),
  brand("tiktok", siTiktok, "#fff", "#161823"),
  brand("x", siX, "#fff", "#16181c"),
  brand("discord", siDiscord),
  brand("facebook", siFacebook),
  brand("telegram", siTelegram, "#03202f"),
  brand("reddit", siReddit, "#2a0b00"),
  { key: "email", name: "Email", icon: icons.mail, ground: "#343a4d", ink: "#fff", opens: "app" },
  { key: "sms", name: "SMS", icon: icons.message, ground: "#343a4d", ink: "#fff", opens: "app" },
];
