"""A process apart: started when first asked, bounded in time and memory, replaced when it ends; no word of pictures."""
