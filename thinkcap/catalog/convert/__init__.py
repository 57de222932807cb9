"""From a Qwen2 checkpoint in safetensors to a GGUF."""
