"""GGUF files: what their names and heads say, without llama.cpp."""
