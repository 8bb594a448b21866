import { css } from "lit";

/** How the trimmer is laid out: a card on a large screen, the whole screen on a phone. */
export const trimmerStyles = css`
  dialog {
    inline-size: min(72rem, 100vw - 2rem);
    block-size: min(60rem, 100dvh - 2rem);
    overflow: hidden;
  }
  form {
    display: grid;
    grid-template-rows: auto minmax(9rem, 1fr);
    grid-auto-rows: auto;
    gap: 0.9rem;
    block-size: 100%;
    padding: 1rem 1.4rem 1.1rem;
    overflow-y: auto;
  }
  .head span {
    color: var(--_faint);
    font-weight: 500;
    margin-inline-start: 0.4em;
  }
  .scene {
    display: grid;
    grid-template-columns: minmax(0, 1.9fr) minmax(16rem, 1fr);
    gap: 1.2rem;
    min-block-size: 0;
  }
  .preview {
    position: relative;
    min-block-size: 0;
    display: grid;
    place-items: center;
    background: #000;
    border-radius: 0.8rem;
    overflow: hidden;
  }
  .mirror {
    inline-size: 100%;
    block-size: 100%;
    min-block-size: 0;
    position: absolute;
    inset: 0;
    object-fit: contain;
    cursor: pointer;
  }
  .said {
    position: absolute;
    inset-inline: 5%;
    inset-block-end: 7%;
    text-align: center;
    pointer-events: none;
  }
  .said span {
    padding: 0.2em 0.55em;
    border-radius: 0.3em;
    background: rgb(0 0 0 / 72%);
    color: #fff;
    box-decoration-break: clone;
    -webkit-box-decoration-break: clone;
  }
  .play {
    position: absolute;
    inset-block-end: 0.7rem;
    inset-inline-start: 0.7rem;
    background: rgb(10 11 17 / 78%);
    color: #fff;
  }
  .edges {
    display: grid;
    grid-template-columns: auto 1fr auto;
    gap: 1.2rem;
    align-items: start;
    margin-block-start: 0.2rem;
  }
  .edge {
    display: grid;
    gap: 0.35rem;
  }
  .middle {
    text-align: center;
    display: grid;
    gap: 0.15rem;
    justify-items: center;
    align-content: center;
  }
  .length {
    font-size: 1.15rem;
    font-weight: 700;
  }
  .tools {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 0 1rem;
  }
  .foot {
    display: flex;
    gap: 0.6rem;
    align-items: center;
    position: sticky;
    inset-block-end: -1.1rem;
    margin: 0 -1.4rem -1.1rem;
    padding: 0.8rem 1.4rem;
    background: var(--_raised);
    border-block-start: 1px solid var(--_line);
  }
  .why {
    flex: 1;
    min-inline-size: 0;
  }
  .foot .primary {
    min-inline-size: 10rem;
    min-block-size: 3rem;
  }
  .draft {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: center;
    gap: 0 0.6rem;
  }
  .wait {
    padding: 2rem;
    text-align: center;
  }

  @media (max-width: 60rem) {
    dialog {
      inline-size: 100vw;
      block-size: 100dvh;
      border: 0;
      border-radius: 0;
    }
    form {
      display: flex;
      flex-direction: column;
      gap: 0.8rem;
      padding: 0 1rem;
    }
    form > * {
      flex: none;
    }
    .head {
      order: 0;
      padding-block-start: 0.4rem;
    }
    .head h2 {
      font-size: 1.05rem;
      white-space: nowrap;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .scene {
      display: contents;
    }
    .preview {
      order: 1;
      flex: none;
      position: sticky;
      inset-block-start: 0;
      z-index: 2;
      aspect-ratio: 16 / 9;
      max-block-size: 40dvh;
      margin-inline: -1rem;
      border-radius: 0;
    }
    .said {
      inset-inline: 4rem;
      font-size: 0.9rem;
    }
    .trim {
      order: 2;
    }
    gs-transcript {
      order: 3;
      flex: none;
      max-block-size: 15rem;
    }
    gs-moment-words {
      order: 4;
      flex: none;
    }
    .draft {
      order: 1;
    }
    .foot {
      order: 5;
      flex-wrap: wrap;
      inset-block-end: 0;
      z-index: 3;
      margin: auto -1rem 0;
      padding: 0.7rem 1rem calc(0.7rem + env(safe-area-inset-bottom));
    }
    .why {
      flex: 1 0 100%;
    }
    .why:not(:has(p)) {
      display: none;
    }
    .foot .primary {
      flex: 1;
    }
    .edges {
      grid-template-columns: minmax(0, 1fr);
      gap: 0.7rem;
    }
    .middle {
      order: -1;
    }
    .edge {
      grid-template-columns: 1fr auto;
      align-items: end;
      gap: 0.35rem;
    }
    .edge .outline {
      inline-size: 2.75rem;
      margin-block-end: 1.75rem;
      padding: 0;
      font-size: 0;
    }
    .edge .outline svg {
      inline-size: 1.25rem;
      block-size: 1.25rem;
    }
  }
  /* A phone on its side, a page zoomed to 200 %: the picture and what is done with it stand beside each other. */
  @media (max-height: 30rem) and (min-width: 36rem) {
    form {
      display: grid;
      grid-template-columns: minmax(0, 2fr) minmax(0, 3fr);
      grid-template-rows: auto auto auto 1fr;
      gap: 0.4rem 1.2rem;
    }
    .head {
      grid-column: 1 / -1;
    }
    .preview {
      grid-column: 1;
      grid-row: 2;
      position: sticky;
      inset-block-start: 0;
      max-block-size: calc(100dvh - 10rem);
      margin-inline: 0;
      border-radius: 0.6rem;
    }
    .foot {
      grid-column: 1;
      grid-row: 3;
      position: sticky;
      inset-block: calc(100dvh - 8.5rem) auto;
      align-self: start;
      margin: 0;
      padding: 0.3rem 0;
      border: 0;
    }
    .trim {
      grid-column: 2;
      grid-row: 2 / span 2;
    }
    .draft {
      grid-column: 2;
    }
    gs-transcript {
      grid-column: 2;
    }
    gs-moment-words {
      grid-column: 2;
    }
  }
`;
