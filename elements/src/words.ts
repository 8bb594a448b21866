// What a viewer says with a clip, and who may see it.
import type { Moment } from "./api.ts";

export type Words = Pick<Moment, "caption" | "visibility" | "spoiler" | "credit_me">;

export const SILENT: Words = { caption: "", visibility: "unlisted", spoiler: false, credit_me: true };
