// How comments look.
import { css } from "lit";

export const commentStyles = css`
  :host {
    display: block;
  }
  section {
    display: grid;
    gap: 1rem;
    justify-items: start;
  }
  h2 {
    font-size: 1.35rem;
    letter-spacing: -0.01em;
  }
  h2 span {
    margin-inline-start: 0.35em;
    color: var(--_faint);
    font-size: 1rem;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  ol {
    display: grid;
    gap: 1.1rem;
    inline-size: 100%;
  }
  .answers {
    gap: 0.9rem;
    margin-block-start: 0.9rem;
    padding-inline-start: 3.25rem;
  }
  article {
    display: grid;
    grid-template-columns: 2.5rem minmax(0, 1fr);
    gap: 0.75rem;
  }
  .face {
    display: grid;
    place-items: center;
    inline-size: 2.5rem;
    block-size: 2.5rem;
    border-radius: 50%;
    background: var(--_hover);
    color: var(--_accent);
    font-weight: 800;
  }
  .answers .face {
    inline-size: 2rem;
    block-size: 2rem;
    font-size: 0.85rem;
  }
  .answers article {
    grid-template-columns: 2rem minmax(0, 1fr);
  }
  .by {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.1rem 0.55rem;
    color: var(--_faint);
    font-size: 0.85rem;
  }
  .by b,
  .by a {
    color: var(--_text);
    font-size: 0.95rem;
    font-weight: 650;
    text-decoration: none;
  }
  .by a:hover {
    text-decoration: underline;
  }
  .tag {
    padding: 0.05em 0.5em;
    border-radius: 999px;
    background: color-mix(in srgb, var(--_accent) 16%, transparent);
    color: var(--_accent);
    font-weight: 600;
  }
  .at {
    min-block-size: 1.5rem;
    min-inline-size: 0;
    padding: 0 0.45em;
    border-radius: 0.35rem;
    color: var(--_soft);
    font-size: 0.8rem;
    font-variant-numeric: tabular-nums;
  }
  .text-of {
    margin-block: 0.15rem 0.1rem;
    overflow-wrap: anywhere;
    line-height: 1.5;
  }
  .text-of a {
    color: var(--_accent);
  }
  .held {
    color: var(--_accent);
    font-size: 0.85rem;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 0 0.9rem;
  }
  .text {
    min-block-size: 2rem;
    min-inline-size: 0;
    padding: 0;
    border-radius: 0.3rem;
    background: none;
    color: var(--_faint);
    font-size: 0.85rem;
  }
  .text:hover:not([disabled]) {
    background: none;
    color: var(--_text);
    text-decoration: underline;
    text-underline-offset: 0.2em;
  }
  .veiled,
  .gone {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.2rem 0.7rem;
    padding: 0.55rem 0.9rem;
    border: 1px dashed var(--_line);
    border-radius: 0.7rem;
    color: var(--_soft);
    font-size: 0.92rem;
  }
  .veiled .text {
    color: var(--_accent);
  }
  .gone {
    color: var(--_faint);
    font-style: italic;
  }
  form {
    display: grid;
    gap: 0.5rem;
    inline-size: 100%;
  }
  textarea {
    field-sizing: content;
    min-block-size: 2.9rem;
    max-block-size: 14rem;
    border-color: var(--_line);
    border-radius: 0.9rem;
    background: var(--_raised);
    resize: none;
  }
  .under {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: end;
    gap: 0.5rem 1rem;
  }
  .under .check {
    margin-inline-end: auto;
  }
  .report {
    display: flex;
    flex-wrap: wrap;
    margin-block: 0.4rem;
  }
  .report select {
    flex: 1 1 12rem;
    inline-size: auto;
  }
  .note:empty {
    display: none;
  }
`;
