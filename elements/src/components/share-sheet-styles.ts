import { css } from "lit";

/** A card in the middle of a large screen, a sheet from below on a phone. */
export const shareSheetStyles = css`
  .saved {
    aspect-ratio: 16 / 9;
    max-block-size: 34vh;
    inline-size: 100%;
    border-radius: 0.8rem;
  }
  /* An upright or square link is shown as whoever gets it will see it. */
  .saved[data-shape="vertical"],
  .saved[data-shape="square"] {
    inline-size: auto;
    block-size: 34vh;
    margin-inline: auto;
  }
  .saved[data-shape="vertical"] {
    aspect-ratio: 9 / 16;
  }
  .saved[data-shape="square"] {
    aspect-ratio: 1;
  }
  dialog {
    inline-size: min(34rem, 100vw - 2rem);
    max-block-size: calc(100dvh - 2rem);
    overflow: auto;
  }
  .sheet {
    display: grid;
    gap: 1rem;
    padding: 1.1rem 1.4rem 1.4rem;
  }
  h3 {
    font-size: 0.9rem;
    font-weight: 600;
    color: var(--_soft);
  }
  .link {
    display: flex;
    gap: 0.5rem;
  }
  .link input {
    min-inline-size: 0;
    text-overflow: ellipsis;
    direction: ltr;
    color: var(--_soft);
  }
  .link button {
    flex: none;
    min-inline-size: 8.5rem;
  }
  .channels {
    display: grid;
    grid-template-columns: repeat(5, minmax(0, 1fr));
    gap: 0.8rem 0.25rem;
  }
  .channel {
    display: grid;
    justify-items: center;
    gap: 0.4rem;
    inline-size: 100%;
    padding: 0.35rem 0.1rem;
    border-radius: 0.8rem;
    background: none;
    font-size: 0.8rem;
    overflow-wrap: anywhere;
    font-weight: 500;
    color: var(--_soft);
  }
  .mark {
    display: grid;
    place-items: center;
    inline-size: 3.25rem;
    block-size: 3.25rem;
    border-radius: 50%;
    box-shadow: inset 0 0 0 1px rgb(255 255 255 / 12%);
    transition: transform 140ms;
  }
  .channel:hover .mark {
    transform: scale(1.07);
  }
  .mark svg {
    inline-size: 1.5rem;
    block-size: 1.5rem;
  }
  .more {
    display: grid;
    grid-template-columns: repeat(2, minmax(0, 1fr));
    align-items: center;
    gap: 0.5rem;
    padding-block-start: 1rem;
    border-block-start: 1px solid var(--_line);
  }
  .more > :last-child:nth-child(odd) {
    grid-column: 1 / -1;
  }
  .more button[aria-expanded="true"] {
    background: color-mix(in srgb, var(--_accent) 22%, transparent);
  }
  .file {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem 0.9rem;
  }
  .file .note {
    flex: 1 1 12rem;
  }
  .qr .note {
    text-align: center;
  }
  .panel {
    display: grid;
    gap: 0.4rem;
  }
  .qr img {
    margin-inline: auto;
    padding: 0.8rem;
    border-radius: 0.8rem;
    background: #fff;
  }
  @media (max-width: 24rem) {
    .channels {
      grid-template-columns: repeat(4, minmax(0, 1fr));
    }
  }
  @media (max-height: 30rem) {
    .saved {
      max-block-size: 50vh;
    }
  }
  @media (max-width: 40rem) {
    dialog {
      inline-size: 100vw;
      margin-block-end: 0;
      border-inline: 0;
      border-block-end: 0;
      border-radius: 1.2rem 1.2rem 0 0;
    }
    .sheet {
      padding: 0.8rem 1rem calc(1.2rem + env(safe-area-inset-bottom));
    }
    .link {
      flex-wrap: wrap;
    }
    .link input,
    .link button {
      flex: 1 0 100%;
    }
    .link button {
      min-block-size: 3rem;
    }
  }
`;
