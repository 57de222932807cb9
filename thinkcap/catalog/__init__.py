"""Which models there are, where their files are, and how to get them.

`models_file` and `entry` read models.toml; `locate` turns a model's name into a file; `inventory` lists what is here;
`tuning` keeps what `bench --tune` found. `gguf` knows model files, `hub` fetches them, `convert` makes them.
"""
