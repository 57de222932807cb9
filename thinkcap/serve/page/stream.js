// The server's side of the page: JSON asked for, and answers that come as server-sent events.

/** What the server said against a request. */
class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

let apiKey = "";

async function ask(path, body, signal) {
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(apiKey && { Authorization: `Bearer ${apiKey}` }) };
  const options = { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal };
  const response = await fetch(path, options);
  if (!response.ok) {
    const said = await response.json().catch(() => null);
    throw new Refusal(response.status, said?.error?.message ?? `The server answered ${response.status}.`);
  }
  return response;
}

const askJson = async (path, body) => (await ask(path, body)).json();

/** The events of an answer, each as the value of its JSON. Throws a Refusal, also for an error within the stream. */
async function* events(path, body, signal) {
  const response = await ask(path, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + read.value).split("\n");
    rest = lines.pop();
    for (const line of lines.filter((each) => each.startsWith("data:"))) {
      const value = JSON.parse(line.slice(5));
      if (value.error) throw new Refusal(response.status, value.error.message);
      yield value;
      if (value.type === "finished") return;
    }
  }
  throw new Refusal(response.status, "The server broke the answer off; ask again.");
}

/** The same events, the thought of one budget no faster than `rate()` tokens a second: fast models can be watched.
 * `shown` of its tokens are on the page already. */
async function* paced(source, budget, shown, rate, signal) {
  for await (const event of source) {
    if (event.type === "thought" && event.budget === budget) {
      const more = event.thinking_tokens - shown;
      const letters = [...event.text];
      for (let token = 1; token < more && rate() < Infinity; token += 1) {
        const text = letters.splice(0, Math.ceil(letters.length / (more - token + 1))).join("");
        yield { ...event, text, thinking_tokens: shown + token };
        await new Promise((resolve) => setTimeout(resolve, 1000 / rate()));
        signal.throwIfAborted();
      }
      event.text = letters.join("");
      shown = event.thinking_tokens;
    }
    yield event;
  }
}
