// What each reaction looks like: drawn, so that it looks the same everywhere, in the current colour.
import { html, svg, type TemplateResult } from "lit";
import type { ReactionKind } from "../api.ts";

const face = (rest: TemplateResult): TemplateResult =>
  html`<svg
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.8"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${svg`<circle cx="12" cy="12" r="9" />`}${rest}
  </svg>`;
const shape = (path: string): TemplateResult =>
  html`<svg viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">${svg`<path d=${path} />`}</svg>`;

export const reactionIcons: Record<ReactionKind, TemplateResult> = {
  love: shape(
    "M12 20.300 4.700 13.100a4.800 4.800 0 0 1 0-6.900 4.900 4.900 0 0 1 6.900 0l.4.4.4-.4a4.900 4.900 0 0 1 6.900 0 4.800 4.800 0 0 1 0 6.900Z",
  ),
  laugh: face(
    svg`<path d="M7.500 9.700c.5-.8 1.700-.8 2.200 0M14.300 9.700c.5-.8 1.700-.8 2.200 0" /><path d="M7.400 13.300h9.200a4.600 4.600 0 0 1-9.200 0Z" fill="currentColor" />`,
  ),
  wow: face(
    svg`<path d="M8.700 9.200v.01M15.300 9.200v.01" stroke-width="2.600" /><ellipse cx="12" cy="15" rx="2.100" ry="2.700" fill="currentColor" />`,
  ),
  cry: face(
    svg`<path d="M8.700 9.700v.01M15.300 9.700v.01" stroke-width="2.600" /><path d="M9 16.400c1.600-1.600 4.400-1.600 6 0" /><path d="M17.600 12.400c1 1.300 1.300 2 1.300 2.600a1.300 1.300 0 0 1-2.600 0c0-.6.3-1.300 1.300-2.600Z" fill="currentColor" stroke="none" />`,
  ),
  fire: shape(
    "M12.300 2.500c.3 3.700 5.700 5.600 5.700 11.200a6 6 0 0 1-12 .3c-.2-2.500 1-4.300 2.200-5.500.3 1.500 1 2.400 1.900 2.800-.4-3.400.2-6.500 2.200-8.800Zm-.2 11.300c-1.300 1.200-2.100 2.200-2.100 3.500a2.100 2.100 0 0 0 4.200 0c0-1.300-.9-2.200-2.100-3.500Z",
  ),
  star: shape(
    "m12 2.800 2.700 5.900 6.400.7-4.800 4.300 1.400 6.300L12 16.800 6.300 20l1.400-6.300L2.900 9.400l6.400-.7Z",
  ),
};
