// The components' looks. Every colour is a CSS variable that the page may set (`--gs-…`), falling back to the
// page's own tokens where it has ours, and to a dark theme of their own on any other page.
import { css } from "lit";

export const theme = css`
  :host {
    --_bg: var(--gs-bg, var(--bg, #07080c));
    --_raised: var(--gs-raised, var(--bg-raised, #10121a));
    --_overlay: var(--gs-overlay, var(--bg-overlay, #181b26));
    --_hover: var(--gs-hover, var(--bg-hover, #222634));
    --_line: var(--gs-line, var(--line, #262a38));
    --_line-strong: var(--gs-line-strong, var(--line-strong, #7a8094));
    --_text: var(--gs-text, var(--text, #f5f3ee));
    --_soft: var(--gs-text-soft, var(--text-soft, #b9bccb));
    --_faint: var(--gs-text-faint, var(--text-faint, #9096a9));
    --_accent: var(--gs-accent, var(--accent, #ffb84d));
    --_accent-strong: var(--gs-accent-strong, var(--accent-strong, #ffc970));
    --_accent-ink: var(--gs-accent-ink, var(--accent-ink, #1c1203));
    --_bad: var(--gs-bad, var(--bad, #ff7b72));
    --_good: var(--gs-good, var(--good, #5fd39a));
    --_focus: var(--gs-focus, var(--focus, #ffd591));
    --_font: var(--gs-font, var(--font, system-ui, sans-serif));
    --_mono: ui-monospace, "SF Mono", Menlo, Consolas, monospace;
    color: var(--_text);
    font-family: var(--_font);
    line-height: 1.45;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  h2,
  h3,
  p,
  ol,
  ul {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.5em;
    min-block-size: 2.75rem;
    min-inline-size: 2.75rem;
    padding: 0.4em 1em;
    border: 1px solid transparent;
    border-radius: 999px;
    background: var(--_hover);
    color: inherit;
    font-weight: 600;
    text-decoration: none;
    cursor: pointer;
    touch-action: manipulation;
    transition:
      background 140ms,
      border-color 140ms;
  }
  button:hover:not([disabled]),
  .button:hover {
    background: var(--_line);
  }
  button[disabled] {
    opacity: 0.5;
    cursor: not-allowed;
  }
  .primary {
    background: var(--_accent);
    color: var(--_accent-ink);
  }
  .primary:hover:not([disabled]) {
    background: var(--_accent-strong);
  }
  .quiet {
    background: transparent;
  }
  .outline {
    background: transparent;
    border-color: var(--_line-strong);
  }
  .icon {
    padding: 0;
    inline-size: 2.75rem;
  }
  svg {
    inline-size: 1.25em;
    block-size: 1.25em;
    flex: none;
  }
  :focus-visible {
    outline: 3px solid var(--_focus);
    outline-offset: 2px;
  }
  input[type="text"],
  input:not([type]),
  select,
  textarea {
    inline-size: 100%;
    min-block-size: 2.75rem;
    padding: 0.5em 0.75em;
    border: 1px solid var(--_line-strong);
    border-radius: 0.5rem;
    background: var(--_bg);
  }
  input[type="checkbox"] {
    inline-size: 1.35rem;
    block-size: 1.35rem;
    margin: 0;
    accent-color: var(--_accent);
    flex: none;
  }
  .check {
    display: inline-flex;
    align-items: center;
    gap: 0.6em;
    min-block-size: 2.75rem;
    cursor: pointer;
  }
  label {
    font-size: 0.9rem;
    color: var(--_soft);
  }
  .note {
    font-size: 0.9rem;
    color: var(--_faint);
  }
  .refusal {
    padding: 0.7em 0.9em;
    border-radius: 0.5rem;
    border: 1px solid var(--_bad);
    background: color-mix(in srgb, var(--_bad) 12%, transparent);
    font-size: 0.95rem;
  }
  .only-heard {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  dialog {
    padding: 0;
    border: 1px solid var(--_line);
    border-radius: 1.1rem;
    background: var(--_raised);
    color: var(--_text);
    box-shadow: 0 2rem 5rem rgb(0 0 0 / 65%);
    max-inline-size: none;
    max-block-size: none;
  }
  dialog::backdrop {
    background: rgb(3 4 7 / 82%);
  }
  dialog[open] {
    animation: rise 220ms cubic-bezier(0.2, 0, 0, 1);
  }
  @keyframes rise {
    from {
      opacity: 0;
      transform: translateY(1.2rem);
    }
  }
  .head {
    display: flex;
    align-items: center;
    gap: 0.75rem;
  }
  .head h2 {
    flex: 1;
    min-inline-size: 0;
    font-size: 1.2rem;
    letter-spacing: -0.01em;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`;
