"""`thinkcap serve`: one model behind HTTP, for any client.

Each dialect (OpenAI, Anthropic, Ollama) is one file that turns a body into a `Chat` and what happens into its own
answer. Everything between is shared: `budgets` and `chat` decide what is asked of the engine, `dispatcher` brings its
news to the event loop, `guard` keeps strangers out.
"""
