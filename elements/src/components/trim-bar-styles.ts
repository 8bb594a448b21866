import { css } from "lit";

/** The bar runs from left to right in every language, as players' bars do. */
export const trimBarStyles = css`
  :host {
    display: grid;
    gap: 0.35rem;
    direction: ltr;
  }
  .row {
    display: grid;
    grid-template-columns: auto 1fr auto;
    gap: 1.6rem;
    align-items: center;
  }
  .strip {
    position: relative;
    block-size: 6rem;
    border-radius: 0.6rem;
    background: var(--_bg);
    touch-action: pan-y;
    cursor: pointer;
    user-select: none;
  }
  canvas {
    inline-size: 100%;
    block-size: 100%;
    border-radius: inherit;
    display: block;
  }
  .outside {
    position: absolute;
    inset-block: 0;
    background: rgb(5 6 10 / 68%);
    pointer-events: none;
  }
  .outside.before {
    left: 0;
    border-radius: 0.6rem 0 0 0.6rem;
  }
  .outside.after {
    right: 0;
    border-radius: 0 0.6rem 0.6rem 0;
  }
  .blocked {
    position: absolute;
    inset-block: 0;
    background: repeating-linear-gradient(-45deg, rgb(255 123 114 / 62%) 0 4px, rgb(40 8 8 / 72%) 4px 11px);
    pointer-events: none;
  }
  .kept {
    display: grid;
    gap: 0.15rem;
    padding-inline: 4.4rem;
    direction: inherit;
    font-size: 0.85rem;
    color: var(--_soft);
  }
  .kept li {
    display: flex;
    gap: 0.5em;
    align-items: center;
  }
  .kept i {
    flex: none;
    inline-size: 1.1em;
    block-size: 0.8em;
    border-radius: 0.2em;
    background: repeating-linear-gradient(-45deg, rgb(255 123 114) 0 2px, rgb(40 8 8) 2px 5px);
  }
  .window {
    position: absolute;
    inset-block: 0;
    border-block: 3px solid var(--_accent);
    cursor: grab;
  }
  .window:active {
    cursor: grabbing;
  }
  .window.bad,
  .handle.bad .grip {
    border-color: var(--_bad);
    --_accent: var(--_bad);
  }
  .handle {
    position: absolute;
    inset-block: -0.3rem;
    inline-size: 2.75rem;
    cursor: ew-resize;
    touch-action: none;
    display: flex;
  }
  .handle.start {
    translate: calc(-100% + 2px) 0;
    justify-content: flex-end;
  }
  .handle.end {
    translate: -2px 0;
    justify-content: flex-start;
  }
  .grip {
    inline-size: 1.05rem;
    background: var(--_accent);
    display: grid;
    place-items: center;
  }
  .start .grip {
    border-radius: 0.55rem 0 0 0.55rem;
  }
  .end .grip {
    border-radius: 0 0.55rem 0.55rem 0;
  }
  .grip::after {
    content: "";
    inline-size: 3px;
    block-size: 1.7rem;
    border-radius: 2px;
    background: var(--_accent-ink);
  }
  .handle:focus-visible {
    outline: none;
  }
  .handle:focus-visible .grip {
    outline: 3px solid var(--_text);
    outline-offset: 2px;
  }
  .head-line {
    position: absolute;
    inset-block: -0.2rem;
    inline-size: 2px;
    background: var(--_text);
    box-shadow: 0 0 6px rgb(0 0 0 / 80%);
    pointer-events: none;
  }
  .scale {
    position: relative;
    block-size: 1.2rem;
    margin-inline: 4.35rem;
    font-size: 0.75rem;
    color: var(--_faint);
    font-variant-numeric: tabular-nums;
  }
  .scale span {
    position: absolute;
    translate: -50% 0;
  }
  @media (max-width: 40rem) {
    .row {
      grid-template-columns: 1fr;
      padding-inline: 1.8rem;
    }
    .row > button {
      display: none;
    }
    .scale {
      margin-inline: 1.8rem;
    }
    .strip {
      block-size: 5rem;
    }
  }
`;
