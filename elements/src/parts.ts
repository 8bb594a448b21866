// Parts of a page that are fetched when somebody asks for them. A part that did not come is asked for again: browsers
// remember that a module failed, so the next try names it anew.
const FAILED = /https?:\/\/\S+\.js/;

/** What `load` imports; after a failure of the network, by another name. */
export async function part<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const address = FAILED.exec(String(error))?.[0];
    if (!address) throw error;
    return (await import(/* @vite-ignore */ `${address.split("?")[0]}?again=${Date.now()}`)) as T;
  }
}

/** Say on `button` itself that what it does is under way, and give it back whatever comes of it. */
export async function whileBusy(button: HTMLButtonElement, work: () => Promise<unknown>): Promise<void> {
  button.disabled = true;
  try {
    await work();
    delete button.dataset["failed"];
  } catch {
    button.dataset["failed"] = "";
  } finally {
    button.disabled = false;
  }
}
