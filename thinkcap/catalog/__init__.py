"""Which models there are, where their files lie, and how to get them.

`catalogue` and `entry` read models.toml; `locate` turns a model's name into a file; `cache`, `hub` and `convert` look
into the Hugging Face cache and fill it; `quants` and `header` know GGUF file names and GGUF file heads.
"""
